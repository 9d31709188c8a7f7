import type { Awaitable, Host, WorkerContext } from '../../../../src/strategy.js'

/** Which tokens have been used. */
export interface SpentList {
  isSpent(id: string): Awaitable<boolean>
  /** @returns whether this call spends it: its time is not over and no other call has */
  spend(id: string, expiresAt: number): Awaitable<boolean>
  close(): void
}

/** Remembers a token until it expires, by the same clock that refuses it from then on: it never forgets too early. */
export function createSpentList(): SpentList {
  const spent = new Map<string, number>()
  const sweeper = setInterval(forgetExpired, 1_000).unref()

  function forgetExpired(): void {
    for (const [id, expiresAt] of spent) if (expiresAt <= Date.now()) spent.delete(id)
  }

  return {
    isSpent: (id) => spent.has(id),
    spend(id, expiresAt) {
      if (expiresAt <= Date.now() || spent.has(id)) return false
      spent.set(id, expiresAt)
      return true
    },
    close: () => clearInterval(sweeper),
  }
}

/** A list that lives in the primary: the half there … */
export function hostSpentList(list: SpentList): Host {
  return {
    handle(message) {
      const [id, expiresAt]: unknown[] = Array.isArray(message) ? message : []
      if (typeof id !== 'string') throw new Error('expected [id] or [id, expiresAt], got something else')
      return typeof expiresAt === 'number' ? list.spend(id, expiresAt) : list.isSpent(id)
    },
    close: async () => list.close(),
  }
}

/** … and the half in a worker. */
export function askSpentList(call: WorkerContext['call']): SpentList {
  return {
    isSpent: async (id) => (await call([id])) === true,
    spend: async (id, expiresAt) => (await call([id, expiresAt])) === true,
    close() {},
  }
}
