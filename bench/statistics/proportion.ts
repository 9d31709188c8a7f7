import { demand, demandBetweenZeroAndOne } from './demand.js'
import { normalQuantile } from './distributions.js'

/** Failures out of attempts with an interval for their rate; all rates from 0 to 1. */
export interface Proportion {
  readonly attempts: number
  readonly failures: number
  readonly rate: number
  readonly low: number
  readonly high: number
}

/**
 * Wilson's score interval (1927), which stays inside 0…1 and keeps its coverage at small counts.
 *
 * At no failure the question is one-sided ("how bad can it still be?"), so high is the exact bound 1 − (1 −
 * level)^(1/n), of which the rule of three (3/n, Hanley & Lippman-Hand 1983) is the approximation; at nothing
 * but failures, low is its mirror image. Never attempted gives rate 0 in 0…1: JSON has no NaN, and the
 * interval says that nothing is known.
 * @throws RangeError unless both are integers with 0 ≤ failures ≤ attempts and 0 < level < 1.
 */
export function wilson(failures: number, attempts: number, level = 0.95): Proportion {
  const sane =
    Number.isInteger(failures) && Number.isInteger(attempts) && failures >= 0 && failures <= attempts
  demand(sane, 'wilson: expected integers 0 ≤ failures ≤ attempts', `${failures} of ${attempts}`)
  demandBetweenZeroAndOne('wilson: level', level)
  if (attempts === 0) return { attempts, failures, rate: 0, low: 0, high: 1 }
  const rate = failures / attempts
  const exact = (1 - level) ** (1 / attempts)
  if (failures === 0) return { attempts, failures, rate, low: 0, high: 1 - exact }
  if (failures === attempts) return { attempts, failures, rate, low: exact, high: 1 }
  const zz = normalQuantile((1 + level) / 2) ** 2 / attempts
  const centre = (rate + zz / 2) / (1 + zz)
  const reach = Math.sqrt(zz * rate * (1 - rate) + zz ** 2 / 4) / (1 + zz)
  return { attempts, failures, rate, low: centre - reach, high: centre + reach }
}
