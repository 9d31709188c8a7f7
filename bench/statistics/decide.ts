import { demand } from './demand.js'

/** What a comparison comes to. */
export type Comparison = 'faster' | 'slower' | 'equivalent' | 'inconclusive'

/** An estimate's interval; all three in the same unit. */
export interface Interval {
  readonly value: number
  readonly low: number
  readonly high: number
}

/** What a verdict is based on. */
export interface Evidence {
  readonly estimate: Pick<Interval, 'low' | 'high'>
  /** The estimate's p-value after `holm` over its family of comparisons. */
  readonly adjustedP: number
  /** True for throughput, false for latencies and CPU time. */
  readonly higherIsBetter: boolean
  /** The relative difference that does not matter, 0.05 unless told. */
  readonly margin?: number
}

/**
 * Holm's step-down adjustment (1979): reject where the result is below α and the chance of any false
 * rejection in the family stays below α, whatever the dependence. In the order given; an empty family is
 * allowed.
 * @throws RangeError on a p-value outside 0…1.
 */
export function holm(pValues: readonly number[]): number[] {
  for (const p of pValues) demand(p >= 0 && p <= 1, 'holm: expected p-values between 0 and 1', p)
  const adjusted = pValues.map(() => 1)
  let floor = 0
  const order = pValues.map((p, index) => ({ p, index })).sort((a, b) => a.p - b.p)
  order.forEach(({ p, index }, rank) => {
    floor = Math.max(floor, Math.min(1, p * (pValues.length - rank)))
    adjusted[index] = floor
  })
  return adjusted
}

/**
 * `equivalent` comes first: an interval wholly within the margin is practically the same even when it
 * excludes 1, or long runs would call a proven 1 % a win. (A 95 % interval here is stricter than the usual
 * two one-sided tests at 5 %.) Then `faster` or `slower` need both the interval to exclude 1 and the adjusted
 * p below 0.05; all else is `inconclusive`.
 * @throws RangeError on a disordered interval, a p outside 0…1 or a margin that is not positive.
 */
export function verdict({ estimate, adjustedP, higherIsBetter, margin = 0.05 }: Evidence): Comparison {
  const { low, high } = estimate
  demand(low <= high, 'verdict: expected low ≤ high', `${low} and ${high}`)
  demand(adjustedP >= 0 && adjustedP <= 1, 'verdict: expected a p-value between 0 and 1', adjustedP)
  demand(margin > 0, 'verdict: expected a positive margin', margin)
  if (low >= 1 / (1 + margin) && high <= 1 + margin) return 'equivalent'
  if (adjustedP >= 0.05 || (low <= 1 && high >= 1)) return 'inconclusive'
  return low > 1 === higherIsBetter ? 'faster' : 'slower'
}

/**
 * Competition ranks, shared by what the intervals cannot separate: 1 + the number of intervals wholly better
 * than this. "Overlaps" is not transitive (A~B, B~C, yet A beats C), so no grouping can honour every overlap;
 * counting sure betters needs no groups, ignores the order of the input, never ranks a sure loser level with
 * or above its winner, and lets B share with A what A alone has over C: here 1, 1, 2.
 * @throws RangeError on a NaN or a disordered interval.
 */
export function ranks(estimates: readonly Interval[], higherIsBetter: boolean): number[] {
  for (const { low, value, high } of estimates) {
    demand(low <= value && value <= high, 'ranks: expected low ≤ value ≤ high', `${low}, ${value}, ${high}`)
  }
  const beats = (a: Interval, b: Interval) => (higherIsBetter ? a.low > b.high : a.high < b.low)
  return estimates.map((own) => 1 + estimates.filter((other) => beats(other, own)).length)
}
