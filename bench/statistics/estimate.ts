import { demand, demandBetweenZeroAndOne, demandNumbers } from './demand.js'
import { tQuantile, twoSidedP } from './distributions.js'
import { ascending, mean, quantile, squares, type WalshAverages, walshAverages } from './location.js'
import { type Contrast, type Luck, luckEach, noLuck } from './luck.js'
import { type Random, seededRandom } from './random.js'

/** A ratio, strategy ÷ baseline, with what is known about its error. */
export interface Estimate {
  /** The ratio itself: 1 means no difference. */
  readonly value: number
  /** The interval's ends, as ratios. */
  readonly low: number
  readonly high: number
  /** The smallest relative difference (0.06 is 6 %) such a run would find four times in five. */
  readonly detectable: number
  /** Two-sided, for a ratio of 1; below 1 − level exactly when the interval excludes 1. */
  readonly pValue: number
  /** Launches that held at least one block. */
  readonly launches: number
  /** Blocks in all launches together. */
  readonly blocks: number
}

/** One arm's blocks, by launch: the natural logs of strategy ÷ baseline. An empty launch is dropped. */
export type Launches = readonly (readonly number[])[]

/** An arm against its baseline: a server has one name, whatever it does and whoever is compared with it. */
export interface Rival {
  readonly server: string
  readonly baseline: string
  readonly operation: string
  readonly launches: Launches
}

/** How to estimate: the seed decides the resamples and nothing else. */
export interface EstimateOptions {
  readonly seed: number
  /** The interval's confidence, 0.95 unless told. */
  readonly level?: number
  /** Resamples per launch, 2000 unless told: the interval's width then moves by about 2 % between seeds. */
  readonly resamples?: number
}

/**
 * The ratios behind paired log-ratios of the arms of one run against their baselines, from a seeded hierarchical bootstrap over
 * launches and blocks.
 *
 * The location is the mean over launches of each launch's Hodges–Lehmann estimate: robust where there are
 * many numbers (blocks), and weighing launches alike since a launch is the unit of replication. Its standard
 * error has two stages. Blocks are resampled within each launch; the spread of the resampled estimates gives
 * v, the variance that blocks alone lend to a launch. Resampling launches is not simulated, since its result
 * is known: the variance S² of the launches' estimates. Its percentiles would be useless too, for 3 launches
 * have only 10 distinct resamples and cover about 75 %. S² exceeds v by the luck of the launch (what the
 * compiler made of the same code, where the processes came to lie).
 *
 * That luck is the same lottery for every server of a run, so it is estimated from all of them together: see `luckEach`. An arm whose
 * own S² is larger than that of its family gets the mean of both: one arm's lottery may be wilder than the others'. A family
 * of one arm is back at se² = max(S², v) / launches.
 *
 * The interval is location ± t·se, with degrees of freedom after Satterthwaite (1946).
 *
 * Coverage of the 95 % interval: `bench/tests/statistics.coverage.test.ts`. With one launch there are only blocks, and the interval
 * does not include launch-to-launch variation. One arm alone with two launches is honest but wide, t having as little
 * as one degree of freedom.
 *
 * @param rivals a launch has the same place in all of them
 * @returns one estimate per rival, in order
 * @throws RangeError on fewer than 2 blocks of an arm in all, a non-finite log-ratio, a level outside 0…1
 *   or fewer than 100 resamples.
 */
export function estimateRatios(rivals: readonly Rival[], options: EstimateOptions): Estimate[] {
  const { level = 0.95, resamples = 2000 } = options
  demandBetweenZeroAndOne('level', level)
  demand(
    Number.isInteger(resamples) && resamples >= 100,
    'resamples: expected an integer of at least 100',
    resamples,
  )
  const arms = rivals.map((rival) => summariseArm(rival, { ...options, resamples }))
  const luck = luckEach(arms)
  return arms.map((arm, place) => {
    const { centre, launches, blocks } = arm
    const error = standardError(arm, luck[place] ?? noLuck)
    return { ...describe(centre, error, level), launches: launches.length, blocks }
  })
}

/** One arm and its baseline, alone. */
export function estimateRatio(launches: Launches, options: EstimateOptions): Estimate {
  const alone = { server: 'arm', baseline: 'baseline', operation: 'any', launches }
  const [only] = estimateRatios([alone], options)
  if (only === undefined) throw new RangeError('expected one arm')
  return only
}

/** What one arm's launches come to, before other arms are looked at. */
interface ArmSummary extends Contrast {
  readonly centre: number
  readonly blocks: number
}

function summariseArm(
  { launches, ...names }: Rival,
  { seed, resamples }: { readonly seed: number; readonly resamples: number },
): ArmSummary {
  const samples = launches.flatMap((blocks, number) => (blocks.length > 0 ? [{ blocks, number }] : []))
  const blocks = samples.flatMap((sample) => sample.blocks)
  demandNumbers('log-ratios', blocks)
  demand(blocks.length >= 2, 'log-ratios: expected at least 2 blocks', blocks.length)
  // Every launch restarts the stream: the same resamples whatever the order of the launches.
  const summaries = samples.map((sample) => ({
    number: sample.number,
    ...summarise(sample.blocks, { random: seededRandom(seed), resamples }),
  }))
  return {
    ...names,
    centre: mean(summaries.map(({ location }) => location)),
    launches: summaries,
    blocks: blocks.length,
    within: withinLaunches(summaries, blocks.length - samples.length),
  }
}

interface LaunchSummary {
  readonly blocks: number
  readonly location: number
  /** Variance of `location` as far as blocks explain it. */
  readonly variance: number
}

interface Spread {
  readonly se: number
  readonly df: number
}

function describe(centre: number, { se, df }: Spread, level: number) {
  const t = tQuantile((1 + level) / 2, df)
  return {
    value: Math.exp(centre),
    low: Math.exp(centre - t * se),
    high: Math.exp(centre + t * se),
    // 80 % power; with many degrees of freedom (1.96 + 0.84)·se, the familiar 2.8·s/√n.
    detectable: Math.expm1((t + tQuantile(0.8, df)) * se),
    // Without spread there is no t: identical blocks either say exactly 1 or certainly not 1.
    pValue: centre === 0 ? 1 : twoSidedP(centre / se, df),
  }
}

function standardError({ launches, blocks, within }: ArmSummary, luck: Luck): Spread {
  const expected = within + luck.excess
  const between = sampleVariance(launches.map(({ location }) => location))
  const total = Math.max(expected, (between + expected) / 2)
  const blockDf = blocks - launches.length
  // Satterthwaite for the launches' part and for what the blocks' adds to it; the guards stand for 0/0, an absent part.
  const doubt =
    (luck.df && luck.between ** 2 / luck.df) + (blockDf && (expected - luck.between) ** 2 / blockDf)
  const df = doubt > 0 ? expected ** 2 / doubt : luck.df + blockDf
  return { se: Math.sqrt(total / launches.length), df }
}

// Pooled per block before it is shared out again: a launch cut down to one block has no spread of its own to
// offer.
function withinLaunches(launches: readonly LaunchSummary[], blockDf: number): number {
  if (blockDf === 0) return 0
  const perBlock =
    launches.reduce((sum, { blocks, variance }) => sum + (blocks - 1) * blocks * variance, 0) / blockDf
  return mean(launches.map(({ blocks }) => perBlock / blocks))
}

function sampleVariance(xs: readonly number[]): number {
  if (xs.length < 2) return 0
  return squares(xs) / (xs.length - 1)
}

interface Bootstrap {
  readonly random: Random
  readonly resamples: number
}

function summarise(sample: readonly number[], bootstrap: Bootstrap): LaunchSummary {
  const walsh = walshAverages(ascending(sample))
  const blocks = sample.length
  const location = quantile([...walsh.means], 0.5)
  if (blocks === 1) return { blocks, location, variance: 0 }
  const resampled = resampleLocations(walsh, blocks, bootstrap)
  // A bootstrap sees only (n − 1)/n of a mean's variance. For Hodges–Lehmann that holds at 2 and 3 blocks
  // alone: from 4 on the ratio of bootstrap to true variance was 0.9–1.1 on normal noise, 1.05–2.2 on heavy
  // tails (600 samples each).
  const correction = blocks < 4 ? blocks / (blocks - 1) : 1
  return { blocks, location, variance: correction * sampleVariance(resampled) }
}

// Each resample is used twice, the second time mirrored (smallest for largest): as likely as the first, and
// what makes ln(a/b) and ln(b/a) give exactly inverse intervals.
function resampleLocations(walsh: WalshAverages, blocks: number, { random, resamples }: Bootstrap): number[] {
  return Array.from({ length: Math.ceil(resamples / 2) }, () => {
    const counts = drawCounts(blocks, random)
    return [resampledLocation(walsh, counts), resampledLocation(walsh, counts.toReversed())]
  }).flat()
}

function drawCounts(blocks: number, random: Random): Uint16Array {
  const counts = new Uint16Array(blocks)
  for (let drawn = 0; drawn < blocks; drawn++) {
    const place = Math.floor(random() * blocks)
    counts[place] = (counts[place] ?? 0) + 1
  }
  return counts
}

/**
 * Hodges–Lehmann of a resample without building it: its Walsh averages are those of the sample, each as often
 * as its two values were drawn together, so one walk through the list sorted once finds the middle.
 */
function resampledLocation(walsh: WalshAverages, counts: Uint16Array): number {
  const { means, lefts, rights } = walsh
  // Pairs are counted double, so that half of them is a whole number and the loop stays in integers.
  const half = (counts.length * (counts.length + 1)) / 2
  let [i, seen] = [-1, 0]
  while (seen < half) {
    i++
    const left = lefts[i] ?? 0
    const right = rights[i] ?? 0
    const times = counts[left] ?? 0
    seen += times * (left === right ? times + 1 : 2 * (counts[right] ?? 0))
  }
  const lower = means[i] ?? 0
  return seen > half ? lower : (lower + nextDrawn(walsh, counts, i + 1)) / 2
}

function nextDrawn({ means, lefts, rights }: WalshAverages, counts: Uint16Array, from: number): number {
  let i = from
  while ((counts[lefts[i] ?? 0] ?? 0) * (counts[rights[i] ?? 0] ?? 0) === 0) i++
  return means[i] ?? 0
}
