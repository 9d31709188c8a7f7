/**
 * Does the 95 % interval hold the truth 95 times in a hundred? Measured by simulation, not taken from theory.
 *
 * Each run: L launches of B blocks; log-ratio = launch effect + block noise; the launch effects' standard
 * deviation is 0, ¼ or 1 times the noise's. Noise: normal · Student's t with 3 df · normal with one block in
 * ten five times as wide. Coverage in %, lowest–highest over B = 8, 20, 30; 1500 runs a cell (1000 at L =
 * 10), 100–200 resamples a launch, so a Monte-Carlo standard error of 0.6; Node 20.20.2; the generators
 * below.
 *
 * |  L | normal: 0 | ¼ | 1 | t3: 0 | ¼ | 1 | contaminated: 0 | ¼ | 1 |
 * |---:|---|---|---|---|---|---|---|---|---|
 * |  1 | 93.6–95.8 | – | – | 95.2–96.9 | – | – | 95.1–97.3 | – | – |
 * |  2 | 97.7–97.9 | 93.7–96.9 | 89.9–91.7 | 98.3–98.6 | 91.3–96.5 | 90.4–93.1 | 97.6–98.8 | 92.0–96.7 | 90.0–93.1 |
 * |  3 | 97.8–98.5 | 94.9–96.5 | 94.5–95.5 | 98.4–98.9 | 94.1–97.5 | 93.7–95.7 | 98.6–99.1 | 95.2–97.6 | 94.3–95.3 |
 * |  4 | 98.1–98.5 | 95.0–96.5 | 94.3–95.1 | 98.5–99.1 | 95.3–98.0 | 94.7–95.5 | 98.7–99.3 | 94.5–98.5 | 94.7–95.9 |
 * |  5 | 97.9–98.5 | 94.9–97.6 | 95.3–96.5 | 98.3–99.3 | 95.5–97.3 | 94.3–95.5 | 98.4–98.9 | 94.5–97.7 | 94.7–95.5 |
 * |  6 | 97.9–98.7 | 95.9–96.9 | 94.7–95.2 | 98.2–98.7 | 95.0–97.3 | 94.6–95.5 | 98.1–99.1 | 94.6–97.7 | 94.8–96.0 |
 * | 10 | 96.6–98.1 | 94.6–96.3 | 93.7–94.4 | 96.9–98.8 | 94.7–98.0 | 94.8–95.9 | 97.9–99.1 | 95.0–97.5 | 94.8–96.3 |
 *
 * L = 1 was run without launch effects only, since it cannot see any. L = 2 falls to 90 %: two numbers hardly
 * tell a small launch effect from none, and holding 95 % there would take 12.7 standard errors throughout.
 * Plan three launches or more. The values above 97.6 at ¼ are all B = 8 under heavy tails, where the
 * bootstrap overstates the variance.
 *
 * Why it is cautious without launch effects, and not shorter: with v known, half-width ÷ √v may be any
 * function of S²/v. Optimising that function (sequential linear programs) for the least mean width at launch
 * effects of 0 and of v, while covering 94.5 % at every size of effect, gave intervals 2 % (L = 3) and 8 % (L
 * = 5) shorter than ours without effects: the price is the problem's, not the method's. Pooling all blocks
 * once S² < v is a third shorter at L = 3 and covers 88 % where launch effects are small but real.
 *
 * Families: seven arms and one baseline in three operations, each with launch effects (correlated by 0.5 between operations) and
 * block noise of its own, so that the ratios share the baseline's. 60 runs a cell, 180 intervals of each arm; coverage in % of all
 * seven; of one whose launch effects are three times as large ("odd"); of one whose blocks are four times as noisy; of all seven
 * when it is the baseline that is odd.
 *
 * |  L × B | effects | all | odd | noisy | odd baseline |
 * |---|---:|---:|---:|---:|---:|
 * | 2 × 36 | 0.2 | 96.0 | 86.7 | 98.3 | 93.7 |
 * | 2 × 36 | 1 | 94.3 | 91.7 | 95.0 | 94.7 |
 * | 3 × 24 | 0 | 97.2 | 96.1 | 96.7 | 96.7 |
 * | 3 × 24 | 0.2 | 95.6 | 90.6 | 93.9 | 89.8 |
 * | 3 × 24 | 1 | 94.2 | 95.0 | 97.2 | 92.2 |
 * | 4 × 18 | 0.2 | 95.0 | 90.6 | 93.3 | 95.6 |
 * | 4 × 18 | 1 | 93.7 | 93.9 | 94.4 | 94.4 |
 * | 6 × 12 | 0.2 | 94.8 | 95.0 | 92.2 | 93.3 |
 * | 6 × 12 | 1 | 94.0 | 93.9 | 92.2 | 96.3 |
 *
 * Without lifting a wild arm half-way to its own variance the odd one falls to 80 %.
 */
import { beforeAll, describe, expect, test } from 'vitest'
import {
  estimateRatio,
  estimateRatios,
  type Launches,
  mean,
  median,
  type Random,
  seededRandom,
} from '../statistics.js'

interface Cell {
  readonly launches: number
  readonly blocks: number
  /** Standard deviation of launch effects ÷ that of block noise. */
  readonly ratio: number
  readonly noise: Noise
}

interface Noise {
  readonly name: string
  readonly sd: number
  readonly draw: (random: Random) => number
}

const normal = (random: Random) => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
const chiSquare3 = (random: Random) => normal(random) ** 2 + normal(random) ** 2 + normal(random) ** 2

const normalNoise: Noise = { name: 'normal', sd: 1, draw: normal }

const NOISES: readonly Noise[] = [
  normalNoise,
  { name: 't3', sd: Math.sqrt(3), draw: (random) => normal(random) / Math.sqrt(chiSquare3(random) / 3) },
  { name: 'contaminated', sd: Math.sqrt(3.4), draw: (random) => normal(random) * (random() < 0.1 ? 5 : 1) },
]

function drawRun({ launches, blocks, ratio, noise }: Cell, random: Random): number[][] {
  return Array.from({ length: launches }, () => {
    const effect = ratio * noise.sd * normal(random)
    return Array.from({ length: blocks }, () => effect + noise.draw(random))
  })
}

function hits(cell: Cell, runs: number, random: Random): number {
  const covers = () => {
    const { low, high } = estimateRatio(drawRun(cell, random), { seed: 1, resamples: 100 })
    return low <= 1 && 1 <= high
  }
  return Array.from({ length: runs }, covers).filter(Boolean).length
}

function cells(launchCounts: readonly number[]): Cell[] {
  return launchCounts.flatMap((launches) =>
    [8, 20].flatMap((blocks) =>
      [0, 0.25, 1].flatMap((ratio) => NOISES.map((noise) => ({ launches, blocks, ratio, noise }))),
    ),
  )
}

// Blocks of 30 are in the table above only: they would take two thirds of the time.
const RUNS = 25

describe('the 95 % interval', () => {
  const random = seededRandom(20_260)
  let measured: (Cell & { readonly hits: number })[] = []
  beforeAll(() => {
    measured = cells([3, 4, 5, 6, 10]).map((cell) => ({ ...cell, hits: hits(cell, RUNS, random) }))
  })

  const coverage = (of: (cell: Cell) => boolean) => {
    const chosen = measured.filter(of)
    return chosen.reduce((sum, cell) => sum + cell.hits, 0) / (chosen.length * RUNS)
  }

  test('covers 93 to 97 % over all scenarios with launch effects, whatever the noise', () => {
    // 500 runs each: a Monte-Carlo standard error of 1 point, but the seed is fixed.
    for (const { name } of NOISES) {
      const got = coverage(({ ratio, noise }) => ratio > 0 && noise.name === name)
      expect(got, name).toBeGreaterThan(0.93)
      expect(got, name).toBeLessThan(0.975)
    }
    expect(coverage(() => true)).toBeGreaterThan(0.93)
    expect(coverage(() => true)).toBeLessThan(0.97)
  })

  // 150 runs a group: three standard errors are 5.3 points around 95. A percentile bootstrap covers 75 % at
  // three launches.
  test.each([3, 4, 5, 6, 10].flatMap((launches) => [0.25, 1].map((ratio) => [launches, ratio] as const)))(
    'covers about 95 %% at %d launches and launch effects of %d',
    (launches, ratio) => {
      expect(coverage((cell) => cell.launches === launches && cell.ratio === ratio)).toBeGreaterThan(0.89)
    },
  )

  test('errs towards caution without launch effects, at every number of launches', () => {
    for (const launches of [3, 4, 5, 6, 10]) {
      expect(
        coverage((cell) => cell.launches === launches && cell.ratio === 0),
        `${launches}`,
      ).toBeGreaterThan(0.95)
    }
  })

  test('fails in no single cell', () => {
    // 90 cells of 25 runs: at 95 % a cell has 8 misses or more with probability 2e-5, and any of them with 0.2 %.
    for (const { launches, blocks, ratio, noise, hits } of measured) {
      expect(hits, `${launches}×${blocks}, ${ratio}, ${noise.name}`).toBeGreaterThanOrEqual(RUNS - 7)
    }
  })

  test('covers 95 % of one launch’s blocks, and not its unseen launch effect', () => {
    const calm = cells([1]).filter(({ ratio, blocks }) => ratio === 0 && blocks === 20)
    const got = calm.map((cell) => hits(cell, 200, random) / 200)
    // 200 runs: three standard errors are 4.6 points.
    for (const share of got) expect(share).toBeGreaterThan(0.904)
    const shifting = cells([1]).filter(({ ratio, blocks }) => ratio === 1 && blocks === 20)
    for (const cell of shifting) expect(hits(cell, 100, random)).toBeLessThan(70)
  })

  test('at two launches stays finite and covers nearly 90 % at its worst', () => {
    const worst = cells([2]).filter(({ ratio, blocks }) => ratio === 1 && blocks === 8)
    const got = worst.reduce((sum, cell) => sum + hits(cell, 200, random), 0) / (200 * worst.length)
    // 600 runs around 90 %: three standard errors are 3.7 points.
    expect(got).toBeGreaterThan(0.863)
  })
})

/** Seven arms against one baseline; the first one's launch effects are `odd` times the others'. */
function drawFamily({ launches, blocks, ratio }: Cell, odd: number, random: Random): number[][][] {
  const effects = (times: number) => Array.from({ length: launches }, () => ratio * times * normal(random))
  const noises = () => Array.from({ length: blocks }, () => normal(random))
  const baseline = effects(1).map((effect) => noises().map((noise) => effect + noise))
  return Array.from({ length: 7 }, (_, arm) =>
    effects(arm === 0 ? odd : 1).map((effect, launch) =>
      noises().map((noise, block) => effect + noise - (baseline[launch]?.[block] ?? 0)),
    ),
  )
}

const estimateFamily = (family: readonly Launches[]) =>
  estimateRatios(
    family.map((launches, arm) => ({
      server: `arm ${arm}`,
      baseline: 'baseline',
      operation: 'any',
      launches,
    })),
    { seed: 1, resamples: 100 },
  )

function logWidth({ low, high }: { readonly low: number; readonly high: number }): number {
  return Math.log(high / low)
}

function covered(found: readonly { readonly low: number; readonly high: number }[]): number {
  return found.filter(({ low, high }) => low <= 1 && 1 <= high).length / found.length
}

describe('the 95 % intervals of a family', () => {
  const random = seededRandom(3)
  const calm = NOISES.filter(({ name }) => name === 'normal')
  const shapes = [3, 4, 5].flatMap((launches) =>
    calm.flatMap((noise) => [0, 0.25, 1].map((ratio) => ({ launches, blocks: 12, ratio, noise }))),
  )

  function share(odd: number, which: (arm: number) => boolean): number {
    const found = shapes.flatMap((shape) =>
      Array.from({ length: 20 }, () =>
        estimateFamily(drawFamily(shape, odd, random)).filter((_, arm) => which(arm)),
      ).flat(),
    )
    return covered(found)
  }

  test('cover 93 to 98 % when the arms share one lottery', () => {
    // 1 260 intervals, seven of them correlated at a time.
    const got = share(1, () => true)
    expect(got).toBeGreaterThan(0.93)
    expect(got).toBeLessThan(0.98)
  })

  test('cover more than 88 % for an arm whose own lottery is three times as wild', () => {
    expect(share(3, (arm) => arm === 0)).toBeGreaterThan(0.88)
  })

  test('do not widen for one arm with a luck of its own, which is told apart', () => {
    const shape = {
      launches: 3,
      blocks: 12,
      ratio: 0.25,
      noise: normalNoise,
    }
    const runs = [1, 40].map((odd) =>
      Array.from({ length: 60 }, () => estimateFamily(drawFamily(shape, odd, random))),
    )
    const [calmer = [], wilder = []] = runs.map((found) =>
      found.flatMap((family) => family.slice(1).map(logWidth)),
    )
    expect(mean(wilder) / mean(calmer)).toBeLessThan(1.35)
    const others = (runs[1] ?? []).flatMap((family) => family.slice(1))
    const odd = (runs[1] ?? []).flatMap((family) => family.slice(0, 1))
    expect([covered(others) > 0.93, covered(odd) > 0.88]).toEqual([true, true])
  })

  test('are as wide beside three wild arms as without them, told from what they do in three operations', () => {
    const shape = {
      launches: 2,
      blocks: 24,
      ratio: 0.1,
      noise: normalNoise,
    }
    const estimateAll = (wildness: number) => {
      const rivals = ['write', 'read', 'take'].flatMap((operation) =>
        drawFamily(shape, 1, random).map((launches, arm) => ({
          server: `arm ${arm}`,
          baseline: 'baseline',
          operation,
          launches:
            arm < 4
              ? launches
              : launches.map((blocks) => {
                  const effect = wildness * normal(random)
                  return blocks.map((block) => block + effect)
                }),
        })),
      )
      return estimateRatios(rivals, { seed: 1, resamples: 100 })
    }
    const ofCalm = (wildness: number) =>
      Array.from({ length: 60 }, () => estimateAll(wildness).filter((_, place) => place % 7 < 4)).flat()
    const [without, beside] = [ofCalm(0), ofCalm(2)]
    const ratio = median(beside.map(logWidth)) / median(without.map(logWidth))
    expect([ratio < 1.2, covered(beside) > 0.93]).toEqual([true, true])
  })

  test('cover as well for an arm whose blocks are noisier, and for one that lacks a launch', () => {
    const shape = {
      launches: 3,
      blocks: 12,
      ratio: 0.25,
      noise: normalNoise,
    }
    const found = Array.from({ length: 100 }, () => {
      const [noisy = [], lacking = [], ...others] = drawFamily(shape, 1, random)
      const louder = noisy.map((blocks) => blocks.map((block) => block + 3 * normal(random)))
      return estimateFamily([louder, lacking.with(1, []), ...others]).slice(0, 2)
    })
    for (const place of [0, 1]) {
      const hit = found.filter((family) => {
        const { low, high } = family[place] ?? { low: 0, high: 0 }
        return low <= 1 && 1 <= high
      })
      expect(hit.length, `${place}`).toBeGreaterThanOrEqual(88)
    }
  })

  test('pool the luck of pairs that have a baseline each', () => {
    const shape = { launches: 3, blocks: 12, ratio: 1, noise: normalNoise }
    const runs = Array.from({ length: 60 }, () => Array.from({ length: 5 }, () => drawRun(shape, random)))
    const options = { seed: 1, resamples: 100 }
    const together = runs.map((pairs) =>
      estimateRatios(
        pairs.map((launches, pair) => ({
          server: `head ${pair}`,
          baseline: `base ${pair}`,
          operation: 'any',
          launches,
        })),
        options,
      ),
    )
    const alone = runs.map((pairs) => pairs.map((pair) => estimateRatio(pair, options)))
    const [shared, own] = [together, alone].map((found) =>
      found.flat().reduce((sum, each) => sum + logWidth(each), 0),
    )
    expect((shared ?? 0) / (own ?? 0)).toBeLessThan(0.8)
    expect(covered(together.flat())).toBeGreaterThan(0.92)
  })

  test('are shorter than those of arms on their own', () => {
    const [shape] = shapes
    const family = shape === undefined ? [] : drawFamily({ ...shape, ratio: 0.25 }, 1, random)
    const total = (widths: readonly number[]) => widths.reduce((sum, each) => sum + each, 0)
    const together = total(estimateFamily(family).map(logWidth))
    const alone = total(
      family.map((launches) => logWidth(estimateRatio(launches, { seed: 1, resamples: 100 }))),
    )
    expect(together).toBeLessThan(alone)
  })
})
