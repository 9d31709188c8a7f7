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

export interface Caller {
  /** @throws what the primary answered, or a time-out: then nobody knows whether it happened */
  call(message: unknown): Promise<unknown>
  /** Settles the call a reply belongs to; a reply that comes after its time-out is dropped. */
  settle(reply: Reply): void
  /** Fails every call under way. */
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
  let last = 0

  function settle({ number, value, error }: Reply): void {
    const waiting = pending.get(number)
    if (waiting === undefined) return
    pending.delete(number)
    clearTimeout(waiting.timer)
    if (error === undefined) waiting.resolve(value)
    else waiting.reject(new Error(error))
  }

  function call(message: unknown): Promise<unknown> {
    const number = ++last
    return new Promise((resolve, reject) => {
      const fail = (error: string) => settle({ kind: 'reply', number, error })
      const timer = setTimeout(
        () => fail(`the primary did not answer within ${timeoutMs} ms: outcome unknown`),
        timeoutMs,
      )
      pending.set(number, { resolve, reject, timer })
      send({ kind: 'call', number, message }, (error) => {
        if (error) fail(`the primary cannot be reached: ${error.message}`)
      })
    })
  }

  function close(): void {
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
