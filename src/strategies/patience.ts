/** Whatever is under way on one connection that answers in order, and how long it has waited. */
export interface Patience {
  /** @returns what to call `end` with, once the answer is there or will not come */
  begin(): Waiting
  end(one: Waiting): void
  /** Whether something has waited for too long. */
  isOver(): boolean
  /** Leaves no timer. */
  close(): void
}

interface Waiting {
  readonly sinceMs: number
}

/**
 * Answers come in the order of the commands, so the oldest that waits speaks for all of them: one timer looks after it, where each
 * command had one of its own, with three promises to end it, a tenth of what a server spent on a request.
 * @param limitMs how long each may wait
 * @param onOver called once, when one has waited so long
 */
export function openPatience(limitMs: number, onOver: () => void): Patience {
  const waiting = new Set<Waiting>()
  let timer: NodeJS.Timeout | undefined
  let over = false

  function look(): void {
    timer = undefined
    const [oldest] = waiting
    if (oldest === undefined) return
    const leftMs = oldest.sinceMs + limitMs - performance.now()
    over = leftMs <= 0
    if (over) onOver()
    else lookAfter(leftMs)
  }

  function lookAfter(ms: number): void {
    timer = setTimeout(look, Math.ceil(ms)).unref()
  }

  return {
    begin() {
      const one = { sinceMs: performance.now() }
      waiting.add(one)
      if (timer === undefined && !over) lookAfter(limitMs)
      return one
    },
    end: (one) => void waiting.delete(one),
    isOver: () => over,
    close: () => clearTimeout(timer),
  }
}
