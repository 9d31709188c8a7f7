/** Whatever is under way on one connection, and how long it has waited. */
export interface Patience<Key> {
  /** From now on it waits: not one that waits already. */
  begin(key: Key): void
  /** It has its answer, or will not have one. */
  end(key: Key): void
  /** Forgets all that wait, and leaves no timer. */
  close(): void
}

/**
 * All may wait as long as one another, so the one that began first is over first: one timer looks after it, where each request of a
 * server had one of its own, with three promises to end it, a tenth of what the server spent.
 * @param limitMs how long each may wait
 * @param giveUp called with one that has waited so long, which then waits no more
 */
export function openPatience<Key>(limitMs: number, giveUp: (key: Key) => void): Patience<Key> {
  /** When each is over, ms, in that order. */
  const waiting = new Map<Key, number>()
  let timer: NodeJS.Timeout | undefined

  function look(): void {
    timer = undefined
    const nowMs = performance.now()
    for (const [key, overMs] of waiting) {
      if (overMs > nowMs) {
        lookAfter(overMs - nowMs)
        return
      }
      waiting.delete(key)
      giveUp(key)
    }
  }

  function lookAfter(ms: number): void {
    // There is one already when `giveUp` has begun something.
    clearTimeout(timer)
    timer = setTimeout(look, Math.ceil(ms)).unref()
  }

  return {
    begin(key) {
      waiting.set(key, performance.now() + limitMs)
      if (timer === undefined) lookAfter(limitMs)
    },
    end: (key) => void waiting.delete(key),
    close() {
      waiting.clear()
      clearTimeout(timer)
      timer = undefined
    },
  }
}
