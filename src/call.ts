/**
 * Requests from a strategy's workers to its half in the primary, over the messages of the cluster.
 * Both ends stand here, so the protocol is in one place: a call carries a number, its reply carries the same.
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
  /** Settles the call a reply belongs to; a reply that comes after its time-out is dropped. */
  settle(reply: Reply): void
  /** Fails every call under way, and those that come later. */
  close(): void
}

interface Pending {
  resolve(value: unknown): void
  reject(error: Error): void
  readonly timer: NodeJS.Timeout
}

/** The worker's end. `send` reports through its callback that a message could not be handed to the primary. */
export function createCaller(
  send: (call: Call, done: (error: Error | null) => void) => void,
  timeoutMs = 5_000,
): Caller {
  const pending = new Map<number, Pending>()
  // A call that timed out is still in the channel's queue while the primary does not read: those take memory too.
  const unsent = new Set<number>()
  let last = 0
  let closed = false

  function settle({ number, value, error }: Reply): void {
    const waiting = pending.get(number)
    if (waiting === undefined) return
    pending.delete(number)
    clearTimeout(waiting.timer)
    if (error === undefined) waiting.resolve(value)
    else waiting.reject(new Error(error))
  }

  async function call(message: unknown): Promise<unknown> {
    if (closed) throw new Error('the worker is closing')
    if (Math.max(pending.size, unsent.size) >= mostCalls)
      throw new Error(
        `${mostCalls} calls to the primary are under way: it does not keep up, nothing was asked`,
      )
    const number = ++last
    return new Promise((resolve, reject) => {
      const fail = (error: string) => settle({ kind: 'reply', number, error })
      const timer = setTimeout(
        () => fail(`the primary did not answer within ${timeoutMs} ms: outcome unknown`),
        timeoutMs,
      )
      const handedOver = (error: Error | null) => {
        unsent.delete(number)
        if (error) fail(`the primary cannot be reached: ${error.message}`)
      }
      pending.set(number, { resolve, reject, timer })
      unsent.add(number)
      try {
        send({ kind: 'call', number, message }, handedOver)
      } catch (error) {
        // A message that cannot be serialised is thrown back at once, and no callback comes.
        handedOver(error instanceof Error ? error : new Error(String(error)))
      }
    })
  }

  function close(): void {
    closed = true
    for (const number of [...pending.keys()])
      settle({ kind: 'reply', number, error: 'the worker is closing' })
  }

  return { call, settle, close }
}

/** The primary's end: one call in, one reply out, whatever the handler does. */
export async function answerCall(
  { number, message }: Call,
  handle: ((message: unknown) => unknown) | undefined,
): Promise<Reply> {
  try {
    if (handle === undefined) throw new Error('this strategy has no half in the primary that answers calls')
    return { kind: 'reply', number, value: await handle(message) }
  } catch (error) {
    return { kind: 'reply', number, error: error instanceof Error ? error.message : String(error) }
  }
}
