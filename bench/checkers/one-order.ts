/** What an op needs of a captcha and leaves of it: `find` and `take` a live one, `miss` one that is gone. */
export type Effect = 'find' | 'take' | 'miss'

export interface Step {
  readonly startMs: number
  readonly endMs: number
  readonly effect: Effect
  /** It may have happened, at any time after its start, or not at all. */
  readonly isOptional: boolean
}

/** More steps than bits of the set that remembers which are done would not fit; fewer keep the search short. */
export const mostSteps = 12

/**
 * Whether a captcha that begins alive can have gone through the steps one at a time, each at a moment between its start and
 * its end: the search of Wing & Gong (1993), which remembers its dead ends (Lowe 2017). Two times 2¹² states at the most.
 * @throws RangeError above `mostSteps` steps
 */
export function hasOrder(steps: readonly Step[]): boolean {
  if (steps.length > mostSteps)
    throw new RangeError(`one order: expected at most ${mostSteps} steps, got ${steps.length}; leave it out`)
  const required = steps.reduce((mask, { isOptional }, index) => (isOptional ? mask : mask | (1 << index)), 0)
  const deadEnds = new Set<number>()

  function search(done: number, isLive: boolean): boolean {
    if ((done & required) === required) return true
    const state = done * 2 + Number(isLive)
    if (deadEnds.has(state)) return false
    const open = [...steps.entries()].filter(([index]) => (done & (1 << index)) === 0)
    const untilMs = Math.min(...open.map(([, { endMs }]) => endMs))
    const found = open.some(
      ([index, { startMs, effect }]) =>
        startMs <= untilMs &&
        (effect === 'miss') !== isLive &&
        search(done | (1 << index), isLive && effect !== 'take'),
    )
    if (!found) deadEnds.add(state)
    return found
  }

  return search(0, true)
}
