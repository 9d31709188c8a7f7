import type { Awaitable, CaptchaStore, PrimaryContext, Strategy } from '../../../../src/strategy.js'

export interface HostedStore extends Omit<CaptchaStore, 'issue'> {
  issue(answer: string, ttlMs: number, workerId: number): Awaitable<string>
  /** A worker has called `['hello', '']`. */
  hello?(workerId: number): void
}

/** Both halves of a strategy whose one store lives in the primary and is asked by `call`. */
export function inPrimary(
  openStore: (primary: PrimaryContext) => Awaitable<HostedStore>,
): Required<Pick<Strategy, 'host' | 'open'>> {
  return {
    async host(primary) {
      const store = await openStore(primary)
      return {
        handle: (message, workerId) => answer(store, message, workerId),
        close: async () => store.close(),
      }
    },
    open: ({ call }) => ({
      issue: async (answer, ttlMs) => String(await call(['issue', answer, ttlMs])),
      read: async (id) => textOf(await call(['read', id])),
      take: async (id) => textOf(await call(['take', id])),
      close() {},
    }),
  }
}

function answer(store: HostedStore, message: unknown, workerId: number): unknown {
  const [verb, text, ttlMs]: unknown[] = Array.isArray(message) ? message : []
  if (typeof text !== 'string') throw new Error('expected [verb, text], got something else')
  if (verb === 'issue' && typeof ttlMs === 'number') return store.issue(text, ttlMs, workerId)
  if (verb === 'read' || verb === 'take') return store[verb](text)
  if (verb === 'hello') return store.hello?.(workerId)
  throw new Error(`expected issue, read, take or hello, got ${verb}`)
}

function textOf(reply: unknown): string | undefined {
  return typeof reply === 'string' ? reply : undefined
}
