import { openPatience } from './patience.js'

/**
 * Requests from a strategy's workers to its half in the primary. Both ends stand here, so the protocol is in one place: a call
 * carries a number, its reply carries the same. How they travel is `member.ts`'s affair.
 */

/** worker → primary */
export interface Call {
  readonly kind: 'call'
  readonly number: number
  readonly message: unknown
}

/** primary → worker */
export interface Reply {
  readonly kind: 'reply'
  readonly number: number
  readonly value?: unknown
  readonly error?: string
}

/** The way of one worker's calls to the primary. */
export interface CallChannel {
  /** @throws when the message cannot be sent: then it was not, not even in part */
  send(call: Call): void
  /** Whether the primary has left so much unread that nothing more should be sent. */
  isFull(): boolean
  close(): void
}

/** @param settle takes each reply, never before `send` of its call has returned */
export type OpenCallChannel = (settle: (reply: Reply) => void) => CallChannel

/**
 * Calls of one worker under way at once. A request makes one call, and a primary answers tens of thousands a second: when
 * this many are under way it stands still or drowns, and whoever came next would wait for a time-out and not know what
 * happened, where what is refused is known not to have happened. At about 1 KB each they hold 1 MB. It bounds the primary too:
 * each reply answers a call, so one worker that stands still leaves no more replies there than it had calls.
 */
export const mostCalls = 1_024

export interface Caller {
  /**
   * @throws what the primary answered; at once when too many calls are under way, which did not happen; or a time-out: then
   * nobody knows whether it happened
   */
  call(message: unknown): Promise<unknown>
  /** Fails every call under way, and those that come later. */
  close(): void
}

interface Pending {
  resolve(value: unknown): void
  reject(error: Error): void
}

/** The worker's end. */
export function createCaller(open: OpenCallChannel, timeoutMs = 5_000): Caller {
  const pending = new Map<number, Pending>()
  const patience = openPatience(timeoutMs, (number: number) =>
    fail(number, `the primary did not answer within ${timeoutMs} ms: outcome unknown`),
  )
  const channel = open(settle)
  let last = 0
  let closed = false

  /** A reply that comes after its time-out is dropped. */
  function settle({ number, value, error }: Reply): void {
    const waiting = pending.get(number)
    if (waiting === undefined) return
    pending.delete(number)
    patience.end(number)
    if (error === undefined) waiting.resolve(value)
    else waiting.reject(new Error(error))
  }

  function fail(number: number, error: string): void {
    settle({ kind: 'reply', number, error })
  }

  function call(message: unknown): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (closed) throw new Error('the worker is closing')
      // A call that timed out is still in the channel while the primary does not read: those take memory too.
      if (pending.size >= mostCalls || channel.isFull())
        throw new Error('too many calls to the primary are under way: it does not keep up, nothing was asked')
      const number = last + 1
      channel.send({ kind: 'call', number, message })
      last = number
      pending.set(number, { resolve, reject })
      patience.begin(number)
    })
  }

  function close(): void {
    closed = true
    for (const number of [...pending.keys()]) fail(number, 'the worker is closing')
    patience.close()
    channel.close()
  }

  return { call, close }
}

/**
 * The primary's end: one call in, one reply out, whatever the handler does, and in the same turn unless it has to wait.
 * @param reply throws when its value cannot be sent; the caller is told so then
 */
export function answerCall(
  { number, message }: Call,
  handle: ((message: unknown) => unknown) | undefined,
  reply: (reply: Reply) => void,
): void {
  const refuse = (error: unknown) =>
    reply({ kind: 'reply', number, error: error instanceof Error ? error.message : String(error) })
  const answer = (value: unknown) => {
    try {
      reply({ kind: 'reply', number, value })
    } catch (error) {
      refuse(error)
    }
  }
  try {
    if (handle === undefined) throw new Error('this strategy has no half in the primary that answers calls')
    const value = handle(message)
    if (isThenable(value)) Promise.resolve(value).then(answer, refuse)
    else answer(value)
  } catch (error) {
    refuse(error)
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
