import { drawBytes } from '../draw-bytes.js'
import type { CaptchaStore, Strategy } from '../strategy.js'

/** Answers by id, each until its own end. */
export interface ExpiringMap {
  set(id: string, answer: string, ttlMs: number): void
  get(id: string): string | undefined
  /** Like `get`, and forgets it. */
  take(id: string): string | undefined
  readonly size: number
  close(): void
}

/**
 * A Map whose entries end. The sweep stops at the first entry that still lives: a Map keeps the order of insertion, which
 * is the order of expiry when lifetimes are equal, as a server's are; so it costs what it removes and nothing else.
 */
export function createExpiringMap(): ExpiringMap {
  const entries = new Map<string, { readonly answer: string; readonly expiresAt: number }>()
  const sweeper = setInterval(sweep, 1_000).unref()

  function sweep(): void {
    const now = Date.now()
    for (const [id, { expiresAt }] of entries) {
      if (expiresAt > now) return
      entries.delete(id)
    }
  }

  function get(id: string): string | undefined {
    const entry = entries.get(id)
    return entry !== undefined && entry.expiresAt > Date.now() ? entry.answer : undefined
  }

  return {
    set: (id, answer, ttlMs) => void entries.set(id, { answer, expiresAt: Date.now() + ttlMs }),
    get,
    take(id) {
      const answer = get(id)
      entries.delete(id)
      return answer
    },
    get size() {
      return entries.size
    },
    close: () => clearInterval(sweeper),
  }
}

/** All of a store that one process keeps to itself. */
export function createMapStore(): CaptchaStore {
  const captchas = createExpiringMap()
  return {
    issue(answer, ttlMs) {
      const id = drawBytes(18).toString('base64url')
      captchas.set(id, answer, ttlMs)
      return id
    },
    read: captchas.get,
    take: captchas.take,
    close: captchas.close,
  }
}

const memory: Strategy = {
  name: 'memory',
  summary: 'A Map in each worker: what the next worker cannot see.',
  claims: { scope: 'process', singleUse: true, survives: 'nothing' },
  open: createMapStore,
}

export default memory
