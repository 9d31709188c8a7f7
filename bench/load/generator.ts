import autocannon from 'autocannon'
import type { Operation } from '../slices.js'
import { type Address, type Addresses, inTurn } from './address.js'
import { createDeal } from './deal.js'
import {
  type Answer,
  type Captcha,
  type Headers,
  handOff,
  parseHeaders,
  textFor,
  toAnswer,
} from './exchange.js'
import {
  createEagerPacer,
  type Pace,
  type Pacer,
  type Pacing,
  type Schedule,
  startEvenPacer,
} from './pacer.js'
import { healthText } from './raw.js'

export interface Target {
  readonly addresses: Addresses
}

export interface SliceOptions {
  readonly operation: Operation
  /** What to send: a number of writes, or the captchas to read or take, in the order of the hand-off. */
  readonly work: number | readonly Captcha[]
  /** The slice is cut off after this time. */
  readonly limitMs: number
  /** Sends each request when it is due; without one, each connection sends its next as soon as it has its answer. */
  readonly pace?: Pace
}

export interface SliceRun {
  readonly answers: readonly Answer[]
  /** When a connection first found nothing left to send; ms on the monotonic clock. */
  readonly busyUntilMs: number
  /** Requests that were sent and never answered, and whether that was because the slice's limit had come. */
  readonly unanswered: number
  readonly timedOut: boolean
  /** Where the slice had a pace. */
  readonly pacing?: Pacing | undefined
  /** Why nothing in it can be believed: lost connections, an answer from elsewhere or about another captcha, its limit. */
  readonly mistaken?: string
}

/** Connections to one server that stay open from slice to slice. */
export interface LoadGenerator extends Disposable {
  /** One burst of one operation; one at a time. Once a run was mistaken every later one is: open another generator. */
  run(slice: SliceOptions): Promise<SliceRun>
}

/** What autocannon's own types leave out: one sends a connection's next request, the other lets it connect again. */
type Client = autocannon.Client & { destroy(): void; _doRequest(): void; _resetConnection(): void }

/**
 * A request that autocannon sends as it is: built of parts anew for each request it took 13 µs of processor time, a fifth of all
 * that this process spent on one.
 */
type ReadyRequest = autocannon.Request & { requestBuffer?: string }

/** One connection: greeted once, then parked, then sending, answered and parked in turn. */
interface Connection {
  readonly number: number
  /** Whom it asks. */
  readonly address: Address
  readonly client: Client
  /** `undefined` until it has been greeted. */
  worker: number | undefined
  state: 'sending' | 'answered' | 'parked'
  asked: Captcha | undefined
  /** From when its request was due until it was sent, where requests are due. */
  waitedUs: number | undefined
  headers: Headers | undefined
  send(dueMs?: number): void
}

/** A slice under way. */
interface Job {
  readonly slice: SliceOptions
  readonly answers: Answer[]
  /** What is left to hand out, in order. */
  readonly left: Captcha[]
  drawn: number
  endMs: number | undefined
  readonly pacer: Pacer<Connection>
  finish(mistaken?: string): void
}

/** autocannon's own end of a run, and its time-out, s: a generator lives as long as its launch, and slices have limits. */
const longestSeconds = 86_400

/** Opening all connections must not take longer. */
const openLimitMs = 10_000

/**
 * autocannon's clients, parked between slices. It opens connections anew for every run of its own, and in a slice of 400
 * requests that was a quarter of the server's CPU time: accepting a connection in the primary and handing it to a worker
 * costs milliseconds. So its clients are started once, each learns its worker by asking `/health` (cluster mode hands out
 * connections, not requests) and connects again while that worker serves its share, and each is held back at the point where
 * it would send its next request.
 *
 * In a slice all connections draw from one queue until it is empty: each as soon as it is free, so that none idles while
 * another has work, or under a pace when the next request is due. Every answer
 * must come from the instance that was asked and be about the captcha that was named: after a lost connection autocannon
 * attributes answers to the wrong requests, and reports no error.
 *
 * @throws Error when the connections cannot be opened
 */
export async function openLoadGenerator(target: Target, size: number): Promise<LoadGenerator> {
  const connections: Connection[] = []
  const urls = target.addresses.map(({ endpoint }) => endpoint)
  const deal = createDeal(target.addresses, size)
  let job: Job | undefined
  let broken: string | undefined
  let opened: (error?: Error) => void = () => undefined

  function attach(client: Client): void {
    const original = client._doRequest.bind(client)
    const request: ReadyRequest = {}
    const connection: Connection = {
      number: connections.length,
      // As autocannon deals its URLs out.
      address: inTurn(target.addresses, connections.length),
      client,
      worker: undefined,
      state: 'parked',
      asked: undefined,
      waitedUs: undefined,
      headers: undefined,
      send(dueMs) {
        connection.state = 'sending'
        connection.waitedUs = dueMs === undefined ? undefined : (performance.now() - dueMs) * 1_000
        request.requestBuffer = nextText(connection)
        original()
      },
    }
    connections.push(connection)
    client.setRequests([request])
    client._doRequest = () => proceed(connection)
    client.on('headers', (raw: unknown) => {
      connection.headers = parseHeaders(raw, connection.address)
    })
    client.on('response', (status, _bytes, durationMs) =>
      receive(connection, { status, clientUs: durationMs * 1_000 }),
    )
  }

  function nextText(connection: Connection): string {
    if (job === undefined) return healthText
    connection.asked = handOff(job.left, connection.number)
    job.drawn += 1
    return textFor(job.slice.operation, connection.asked)
  }

  /** autocannon calls for the next request: at first, after each answer, and after it has silently connected again. */
  function proceed(connection: Connection): void {
    // autocannon calls once more for a client it has destroyed: nothing must be opened again then.
    if (broken !== undefined) return
    const isNew = connection.worker === undefined && connection.headers === undefined
    if (isNew && connection.state === 'parked') connection.send()
    // Also of one that was parked: a server ends what is idle for 72 s, and would answer the new one's silence, unasked, with a 408.
    else if (connection.state !== 'answered') fail('a connection was lost')
    else goOn(connection)
  }

  function goOn(connection: Connection): void {
    connection.state = 'parked'
    if (connection.worker === undefined) reopen(connection)
    else if (job === undefined) park()
    else job.pacer.free(connection)
  }

  function receive(connection: Connection, { status, clientUs }: { status: number; clientUs: number }): void {
    const endMs = performance.now()
    const { headers, asked, waitedUs } = connection
    // Not by the clock: what it takes to put a request together is no wait for the server.
    const sinceDueUs = waitedUs === undefined ? undefined : waitedUs + clientUs
    connection.state = 'answered'
    const mistaken = mistakeIn(connection)
    if (mistaken !== undefined || headers === undefined) fail(mistaken ?? 'an answer had no headers')
    else if (connection.worker === undefined) greet(connection, headers)
    else
      job?.answers.push(
        toAnswer({ headers, connection: connection.number, status, endMs, clientUs, sinceDueUs, asked }),
      )
  }

  function greet(connection: Connection, { worker }: Headers): void {
    if (deal.accept(connection.address, worker)) connection.worker = worker
  }

  /** Its worker has its share already. */
  function reopen(connection: Connection): void {
    connection.headers = undefined
    connection.client._resetConnection()
  }

  function mistakeIn({ headers, asked, address }: Connection): string | undefined {
    if (headers?.instance !== address.instance) return `an answer came from instance ${headers?.instance}`
    if (asked !== undefined && headers.id !== asked.id) return 'an answer was about another captcha'
    return undefined
  }

  function park(): void {
    if (job !== undefined) job.endMs ??= performance.now()
    if (connections.some(({ state, worker }) => state === 'sending' || worker === undefined)) return
    opened()
    job?.finish()
  }

  function fail(reason: string): void {
    broken ??= reason
    close()
    opened(new Error(`the load generator could not connect to ${urls.join(', ')}: ${reason}`))
    job?.finish(broken)
  }

  function close(): void {
    for (const { client } of connections) client.destroy()
  }

  function run(slice: SliceOptions): Promise<SliceRun> {
    const total = typeof slice.work === 'number' ? slice.work : slice.work.length
    if (total < size && slice.pace === undefined)
      throw new RangeError(`expected at least ${size} requests, one a connection, got ${total}`)
    return new Promise((resolve) => {
      let timedOut = false
      const limit = setTimeout(() => {
        timedOut = true
        fail(`a slice took longer than ${slice.limitMs / 1_000} s`)
      }, slice.limitMs)
      const answers: Answer[] = []
      const left = typeof slice.work === 'number' ? [] : [...slice.work]
      const schedule: Schedule<Connection> = { total, send: (to, dueMs) => to.send(dueMs), over: park }
      const pacer = slice.pace ? startEvenPacer(slice.pace, schedule) : createEagerPacer(schedule)
      const current: Job = { slice, answers, left, drawn: 0, endMs: undefined, pacer, finish }
      job = current
      if (broken !== undefined) finish(broken)
      else for (const connection of connections) pacer.free(connection)

      function finish(mistaken?: string): void {
        clearTimeout(limit)
        job = undefined
        pacer.stop()
        const busyUntilMs = current.endMs ?? performance.now()
        const unanswered = current.drawn - answers.length
        resolve({
          answers,
          busyUntilMs,
          unanswered,
          timedOut,
          pacing: pacer.pacing(),
          ...(mistaken !== undefined && { mistaken }),
        })
      }
    })
  }

  await new Promise<void>((resolve, reject) => {
    const limit = setTimeout(() => fail(`it took longer than ${openLimitMs / 1_000} s`), openLimitMs)
    opened = (error) => {
      clearTimeout(limit)
      if (error) reject(error)
      else resolve()
    }
    const engine = autocannon(
      {
        // Its types know one; it deals several out in turn.
        url: urls as unknown as string,
        connections: size,
        duration: longestSeconds,
        timeout: longestSeconds,
        setupClient: attach as (client: autocannon.Client) => void,
        // After its clients are gone it ends at its next sampling tick.
        sampleInt: 100,
        ...{ skipAggregateResult: true },
      },
      (error: unknown) => {
        if (error) opened(error instanceof Error ? error : new Error(String(error)))
      },
    )
    engine.on('reqError', (error: Error) => fail(error.message))
  })
  return { run, [Symbol.dispose]: close }
}
