import { demand, demandNumbers } from './demand.js'
import { tQuantile } from './distributions.js'
import { type EstimateOptions, estimateRatio } from './estimate.js'
import type { Exponent } from './exponent.js'
import { hodgesLehmann, mean } from './location.js'

/**
 * The exponent k in cost ∝ sizeᵏ, from blocks in each of which every size was measured once.
 *
 * Each block has a slope of its own, in which what disturbed the whole block cancels out; the exponent is the
 * Hodges–Lehmann centre of the slopes. Their scatter is not all there is to doubt: the servers of two sizes differ by
 * luck, and a cost that bends follows no exponent. Both repeat in every block, so more blocks would only make a wrong
 * slope look certain. What the typical costs of the sizes are off a straight line is therefore a variance of its own, with
 * as many degrees of freedom as there are sizes beyond two, and the scatter of the blocks is what pads it where it is
 * the greater, as between launches and blocks in `estimateRatio`. With three sizes that bend the interval is very
 * wide; with two nothing is known of a bend, and it shows the scatter alone.
 *
 * @param sizes at least 2, distinct
 * @param blocks the costs of each block, in the order of the sizes
 * @throws RangeError on sizes or costs that are not positive and finite, fewer than 2 blocks, or a block of another length
 */
export function fitGrowth(
  sizes: readonly number[],
  blocks: readonly (readonly number[])[],
  options: Pick<EstimateOptions, 'seed' | 'resamples'>,
): Exponent {
  const xs = centred(logarithms('sizes', sizes))
  const sxx = xs.reduce((sum, x) => sum + x * x, 0)
  demand(
    new Set(sizes).size === sizes.length && sizes.length >= 2,
    'sizes: expected 2 or more, each once',
    sizes,
  )
  const odd = blocks.find((block) => block.length !== sizes.length)
  demand(odd === undefined, `blocks: expected ${sizes.length} costs in each`, odd?.length)
  const rows = blocks.map((block) => centred(logarithms('costs', block)))
  const slopes = rows.map((ys) => ys.reduce((sum, y, at) => sum + y * (xs[at] ?? 0), 0) / sxx)
  const scatter = estimateRatio([slopes], options)
  const exponent = Math.log(scatter.value)
  const within = (Math.log(scatter.high / scatter.value) / tQuantile(0.975, slopes.length - 1)) ** 2
  const offLine = xs.map((x, at) => hodgesLehmann(rows.map((ys) => (ys[at] ?? 0) - exponent * x)))
  const sizeDf = sizes.length - 2
  const between = sizeDf === 0 ? 0 : offLine.reduce((sum, off) => sum + off * off, 0) / sizeDf / sxx
  const reach = reachOf({ between, sizeDf }, { within, blockDf: slopes.length - 1 })
  return { exponent, low: exponent - reach, high: exponent + reach }
}

interface Between {
  readonly between: number
  readonly sizeDf: number
}

interface Within {
  readonly within: number
  readonly blockDf: number
}

/** Half of the 95 % interval; degrees of freedom after Satterthwaite. */
function reachOf({ between, sizeDf }: Between, { within, blockDf }: Within): number {
  const padding = Math.max(0, within - between)
  const doubt = (sizeDf && between ** 2 / sizeDf) + padding ** 2 / blockDf
  const df = doubt > 0 ? (between + padding) ** 2 / doubt : sizeDf + blockDf
  return tQuantile(0.975, df) * Math.sqrt(between + padding)
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
