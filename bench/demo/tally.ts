import type { Claims } from '../../src/strategy.js'

/** Correct answers, sent once: how many were not accepted, where they were sent, and what the store took. Pure. */

export interface Counts {
  readonly attempts: number
  readonly failures: number
}

export interface Tally {
  readonly same: Counts
  readonly cross: Counts
  /** Logins that brought no captcha to answer. */
  readonly unissued: number
  /** Of all attempts; what the claim leads to expect, when each request goes to any worker. */
  readonly expectedFailures: number
  /** Newest last, µs. */
  readonly writesUs: readonly number[]
  readonly takesUs: readonly number[]
}

const none: Counts = { attempts: 0, failures: 0 }
export const emptyTally: Tally = {
  same: none,
  cross: none,
  unissued: 0,
  expectedFailures: 0,
  writesUs: [],
  takesUs: [],
}

/** Durations kept: what the page draws. */
const kept = 100

export interface Login {
  readonly isSame: boolean
  readonly accepted: boolean
  /** What one request was expected to come to. */
  readonly expected: number
}

export function countLogin(tally: Tally, { isSame, accepted, expected }: Login): Tally {
  const side = isSame ? 'same' : 'cross'
  const { attempts, failures } = tally[side]
  return {
    ...tally,
    [side]: { attempts: attempts + 1, failures: failures + (accepted ? 0 : 1) },
    expectedFailures: tally.expectedFailures + expected,
  }
}

export function countDuration(tally: Tally, verb: 'writesUs' | 'takesUs', us: number | undefined): Tally {
  if (us === undefined) return tally
  return { ...tally, [verb]: [...tally[verb], Math.round(us * 10) / 10].slice(-kept) }
}

/**
 * How often a right answer is refused when the captcha and its answer each go to any of so many workers, with the same
 * chance: where nothing is shared, whenever the second is not the first.
 */
export function expectedRate({ scope }: Claims, workers: number): number {
  return scope === 'process' ? 1 - 1 / Math.max(1, workers) : 0
}
