import { demand, demandNumbers } from './demand.js'

/**
 * The means of all pairs of a sorted sample, ascending, and the places of the two values in it. Columns, not
 * rows: the bootstrap walks them millions of times per report, and typed arrays make that twice as fast.
 */
export interface WalshAverages {
  readonly means: Float64Array
  readonly lefts: Uint16Array
  readonly rights: Uint16Array
}

/**
 * Middle value, or the mean of the two middle values; any order.
 * @throws RangeError on none or a non-finite number.
 */
export function median(xs: readonly number[]): number {
  return quantile(ascending(xs), 0.5)
}

/** Sum of the squared distances from their mean. */
export function squares(xs: readonly number[]): number {
  const centre = mean(xs)
  return xs.reduce((sum, x) => sum + (x - centre) ** 2, 0)
}

/**
 * Type 7 of Hyndman & Fan (1996), the default of R and NumPy: linear between order statistics.
 * @param sorted ascending; it is checked, since an unsorted sample would give a plausible wrong answer
 * @param p from 0 (the minimum) to 1 (the maximum)
 * @throws RangeError on an empty, unsorted or non-finite sample, or p outside 0…1.
 */
export function quantile(sorted: readonly number[], p: number): number {
  demandNumbers('quantile', sorted)
  const drop = sorted.findIndex((x, i) => x < (sorted[i - 1] ?? x))
  demand(drop < 0, 'quantile: expected an ascending sample', `a drop at index ${drop}`)
  demand(p >= 0 && p <= 1, 'quantile: expected p between 0 and 1', p)
  const position = (sorted.length - 1) * p
  const low = sorted[Math.floor(position)] ?? 0
  const high = sorted[Math.ceil(position)] ?? low
  return low + (high - low) * (position - Math.floor(position))
}

/**
 * The pseudo-median: the median of the n(n+1)/2 means of pairs, each value paired with itself too. Hodges &
 * Lehmann (1963). 96 % as efficient as the mean on normal noise, and unmoved by up to 29 % wild blocks. O(n²
 * log n): 465 means at n = 30, 80 200 (some tens of ms) at n = 400.
 * @throws RangeError on none or a non-finite number.
 */
export function hodgesLehmann(xs: readonly number[]): number {
  const sorted = ascending(xs)
  const means = sorted.flatMap((a, i) => sorted.slice(i).map((b) => (a + b) / 2))
  return quantile([...Float64Array.from(means).sort()], 0.5)
}

/** Each value with itself and every later one; `lefts` and `rights` are places in `sorted`. */
export function walshAverages(sorted: readonly number[]): WalshAverages {
  const pairs = sorted.flatMap((a, left) =>
    sorted.slice(left).map((b, gap) => ({ mean: (a + b) / 2, left, right: left + gap })),
  )
  pairs.sort((one, other) => one.mean - other.mean)
  return {
    means: Float64Array.from(pairs, ({ mean }) => mean),
    lefts: Uint16Array.from(pairs, ({ left }) => left),
    rights: Uint16Array.from(pairs, ({ right }) => right),
  }
}

/** A sorted copy. @throws RangeError on none or a non-finite number. */
export function ascending(xs: readonly number[]): number[] {
  demandNumbers('sample', xs)
  return xs.toSorted((a, b) => a - b)
}

/** Arithmetic mean of at least one number. */
export function mean(xs: readonly number[]): number {
  return xs.reduce((sum, x) => sum + x, 0) / xs.length
}
