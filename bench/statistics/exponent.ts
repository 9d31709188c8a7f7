import { demand } from './demand.js'
import { tQuantile } from './distributions.js'
import { mean } from './location.js'

/** What one operation cost at one size; both positive, in any unit, the same for all points. */
export interface CostPoint {
  readonly size: number
  readonly cost: number
}

/** k in cost ∝ sizeᵏ: 0 constant, 1 linear, 2 quadratic. */
export interface Exponent {
  readonly exponent: number
  readonly low: number
  readonly high: number
}

/**
 * The growth exponent: least-squares slope of ln cost on ln size, with its 95 % t interval (n − 2 degrees of
 * freedom). The interval knows only the scatter about a straight line; it says nothing of a bend.
 * @throws RangeError on a size or cost that is not positive and finite, or fewer than 3 distinct sizes.
 */
export function fitExponent(points: readonly CostPoint[]): Exponent {
  const odd = points
    .flatMap(({ size, cost }) => [size, cost])
    .find((x) => !(x > 0 && x < Number.POSITIVE_INFINITY))
  demand(odd === undefined, 'fitExponent: expected positive finite sizes and costs', odd)
  const distinct = new Set(points.map(({ size }) => size)).size
  demand(distinct >= 3, 'fitExponent: expected at least 3 distinct sizes', distinct)
  const deviations = centred(points)
  const sxx = deviations.reduce((sum, { x }) => sum + x * x, 0)
  const exponent = deviations.reduce((sum, { x, y }) => sum + x * y, 0) / sxx
  const residual = deviations.reduce((sum, { x, y }) => sum + (y - exponent * x) ** 2, 0)
  const df = points.length - 2
  const reach = tQuantile(0.975, df) * Math.sqrt(residual / df / sxx)
  return { exponent, low: exponent - reach, high: exponent + reach }
}

function centred(points: readonly CostPoint[]) {
  const centre = (of: (point: CostPoint) => number) => mean(points.map((point) => Math.log(of(point))))
  const [sizes, costs] = [centre(({ size }) => size), centre(({ cost }) => cost)]
  return points.map(({ size, cost }) => ({ x: Math.log(size) - sizes, y: Math.log(cost) - costs }))
}
