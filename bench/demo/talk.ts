import type { Completion } from '../history.js'
import type { Recorder } from '../history-file.js'
import { storeUsIn } from '../load/exchange.js'
import type { HttpAnswer } from '../load/http-answer.js'
import { race } from '../load/race.js'
import { openRecordedClient } from '../load/recorded-client.js'
import type { Request } from '../load/recorded-exchange.js'
import type { Server } from '../topology.js'

/** What the demo asks the server under test, over connections pinned to known workers, and what it is told. */

/** One answer, or the lack of one. */
export interface Told extends Omit<Completion, 'kind' | 'op'> {
  /** From `Server-Timing`; absent when no store was asked. */
  readonly storeUs?: number
  /** Empty when there was no answer. */
  readonly body: string
}

export interface Talk extends Disposable {
  /** Never rejects: a worker that cannot be reached is told as `none`. */
  ask(worker: number, request: Request): Promise<Told>
  /**
   * The same request to each of them, their last bytes together.
   * @returns what they answered, in order; `undefined` when they could not all be reached, and nothing was sent
   */
  race(workers: readonly number[], request: Request): Promise<readonly Told[] | undefined>
  /** @returns whether every worker had its connections within that time, ms */
  ready(limitMs: number): Promise<boolean>
}

/** A person waits for each answer: longer is a failure to look at. */
const requestLimitMs = 5_000

/** One for what a person does, one for the logins that may run meanwhile. */
const perWorker = 2

export function openTalk({ addresses, workers }: Pick<Server, 'addresses' | 'workers'>): Talk {
  const answers = new Map<number, HttpAnswer>()
  const recorder = forgetfulRecorder()
  const client = openRecordedClient({
    recorder,
    addresses,
    workers: workers.length,
    perWorker,
    limitMs: requestLimitMs,
    onAnswer: (op, answer) => answers.set(op, answer),
  })

  function toTold({ kind: _kind, op, ...completion }: Completion): Told {
    const answer = answers.get(op)
    answers.delete(op)
    const storeUs = storeUsIn(answer?.headers.get('server-timing'))
    return { ...completion, body: answer?.body ?? '', ...(storeUs !== undefined && { storeUs }) }
  }

  async function ask(worker: number, request: Request): Promise<Told> {
    const completion = await client.run(worker, request)
    if (completion !== undefined) return toTold(completion)
    return { atMs: recorder.nowMs(), result: 'none', body: '', reason: 'no connection to it in time' }
  }

  let races = 0
  return {
    ask,
    async race(raced, request) {
      const connections = await client.acquireAll(raced)
      if (connections === undefined) return undefined
      races += 1
      const completions = await race(connections, () => request, races)
      connections.forEach(client.release)
      return completions.map(toTold)
    },
    ready: client.balanced,
    [Symbol.dispose]: () => client[Symbol.dispose](),
  }
}

/** Numbers the ops and keeps none: what the demo tells is on the page, not on disk. */
function forgetfulRecorder(): Recorder {
  let ops = 0
  return {
    nowMs: () => performance.now(),
    invoke() {
      ops += 1
      return ops
    },
    complete: () => undefined,
    note: () => undefined,
    close: () => undefined,
  }
}
