import type { Awaitable, CaptchaStore, Host, Strategy, WorkerContext } from '../strategy.js'
import { createMapStore } from './memory.js'

/** What a worker asks of the store in the primary. */
type Request =
  | readonly [verb: 'issue', answer: string, ttlMs: number]
  | readonly [verb: 'read' | 'take', id: string]

/**
 * The half in the workers of a store that lives in the primary. A call that times out is not repeated: the take may have
 * happened.
 */
export function askPrimary(call: WorkerContext['call']): CaptchaStore {
  const ask = (request: Request) => call(request).then(textOrNothing)

  return {
    issue: (answer, ttlMs) => ask(['issue', answer, ttlMs]).then(knownId),
    read: (id) => ask(['read', id]),
    take: (id) => ask(['take', id]),
    close() {},
  }
}

function textOrNothing(reply: unknown): string | undefined {
  if (reply === undefined || typeof reply === 'string') return reply
  throw new Error(`expected text or nothing from the primary, got ${typeof reply}`)
}

function knownId(id: string | undefined): string {
  if (id === undefined) throw new Error('expected an id from the primary, got nothing')
  return id
}

/** The half in the primary: answers what `askPrimary` asks. */
export function answerWorkers(store: CaptchaStore): Required<Pick<Host, 'handle' | 'close'>> {
  function handle(message: unknown): Awaitable<string | undefined> {
    const request = parse(message)
    return request[0] === 'issue' ? store.issue(request[1], request[2]) : store[request[0]](request[1])
  }
  return { handle, close: store.close }
}

/** The one door: a worker of another version, or one gone wrong, must not reach the store. */
function parse(message: unknown): Request {
  if (Array.isArray(message)) {
    const [verb, text, ttlMs, ...more]: unknown[] = message
    const isWhole = typeof text === 'string' && more.length === 0
    if (isWhole && verb === 'issue' && typeof ttlMs === 'number' && ttlMs > 0) return [verb, text, ttlMs]
    if (isWhole && (verb === 'read' || verb === 'take') && ttlMs === undefined) return [verb, text]
  }
  throw new Error('expected ["issue", answer, ttlMs], ["read", id] or ["take", id], got something else')
}

/** The shared dictionary of a manager process: one thread that does one thing after another, so a take is atomic as it stands. */
const manager: Strategy = {
  name: 'manager',
  summary: 'A Map in the cluster primary, asked over a socket pair.',
  claims: { scope: 'host', singleUse: true, survives: 'worker-crash' },
  host: () => answerWorkers(createMapStore()),
  open: ({ call }) => askPrimary(call),
}

export default manager
