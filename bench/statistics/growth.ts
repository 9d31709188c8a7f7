import { demand, demandNumbers } from './demand.js'
import { tQuantile } from './distributions.js'
import { type EstimateOptions, estimateRatio } from './estimate.js'
import { hodgesLehmann, mean } from './location.js'

/** k in cost ∝ sizeᵏ: 0 constant, 1 linear, 2 quadratic. */
export interface Exponent {
  readonly exponent: number
  readonly low: number
  readonly high: number
}

export interface GrowthOptions extends Pick<EstimateOptions, 'seed' | 'resamples'> {
  /** How far the typical costs of two sizes are apart though they cost the same: standard deviation of the logarithm. */
  readonly luck: number
}

/** So many sizes the guess at their luck counts for, in what this run itself says of it. */
const luckDf = 2

/**
 * The exponent k in cost ∝ sizeᵏ, from blocks in each of which every size was measured once.
 *
 * Each block has a slope of its own, in which what disturbed the whole block cancels out; the exponent is the
 * Hodges–Lehmann centre of the slopes. Their scatter is not all there is to doubt: sizes that are servers of their own
 * differ by luck, and a cost that bends follows no exponent. Both repeat in every block, so more blocks would only make a
 * wrong slope look certain. So how far the typical costs are off a straight line is a variance of its own. There are
 * too few sizes to know it by (with three, one degree of freedom and a t of 12.7), so a guess counts for two more,
 * as in limma's moderated t (Smyth 2004). `growth.test.ts` says how often the interval holds the truth.
 *
 * @param sizes at least 2, each once; with two nothing is seen of a bend
 * @param blocks the costs of each block, in the order of the sizes
 * @throws RangeError on sizes or costs that are not positive and finite, fewer than 2 blocks, or a block of another length
 */
export function fitGrowth(
  sizes: readonly number[],
  blocks: readonly (readonly number[])[],
  { luck, ...options }: GrowthOptions,
): Exponent {
  const distinct = new Set(sizes).size
  demand(distinct === sizes.length && distinct >= 2, 'sizes: expected 2 or more, each once', sizes)
  const odd = blocks.find((block) => block.length !== sizes.length)
  demand(odd === undefined, `blocks: expected ${sizes.length} costs in each`, odd?.length)
  const xs = centred(logarithms('sizes', sizes))
  const rows = blocks.map((block) => centred(logarithms('costs', block)))
  const sxx = xs.reduce((sum, x) => sum + x * x, 0)
  const slopes = rows.map((ys) => ys.reduce((sum, y, at) => sum + y * (xs[at] ?? 0), 0) / sxx)
  const { value, high } = estimateRatio([slopes], options)
  const exponent = Math.log(value)
  const blockDf = slopes.length - 1
  const scatter = (Math.log(high / value) / tQuantile(0.975, blockDf)) ** 2
  const offLine = xs.map((x, at) => hodgesLehmann(rows.map((ys) => (ys[at] ?? 0) - exponent * x)))
  const squares = offLine.reduce((sum, off) => sum + off * off, 0) / sxx
  const sizeDf = sizes.length - 2
  // What blocks explain is counted already.
  const seen = Math.max(0, squares - sizeDf * scatter)
  const between = ((luckDf * luck ** 2) / sxx + seen) / (luckDf + sizeDf)
  const reach = reachOf({ variance: scatter, df: blockDf }, { variance: between, df: luckDf + sizeDf })
  return { exponent, low: exponent - reach, high: exponent + reach }
}

interface Doubt {
  readonly variance: number
  readonly df: number
}

/** Half of the 95 % interval; degrees of freedom after Satterthwaite. */
function reachOf(...doubts: readonly Doubt[]): number {
  const total = doubts.reduce((sum, { variance }) => sum + variance, 0)
  if (total === 0) return 0
  const df = total ** 2 / doubts.reduce((sum, { variance, df: own }) => sum + variance ** 2 / own, 0)
  return tQuantile(0.975, df) * Math.sqrt(total)
}

function logarithms(subject: string, xs: readonly number[]): number[] {
  demandNumbers(subject, xs)
  demand(
    xs.every((x) => x > 0),
    `${subject}: expected positive numbers`,
    Math.min(...xs),
  )
  return xs.map(Math.log)
}

function centred(xs: readonly number[]): number[] {
  const centre = mean(xs)
  return xs.map((x) => x - centre)
}
