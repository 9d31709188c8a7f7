import fc from 'fast-check'
import * as reference from 'simple-statistics'
import { describe, expect, test } from 'vitest'
import {
  type Estimate,
  estimateRatio,
  fUpperTail,
  hodgesLehmann,
  holm,
  median,
  quantile,
  ranks,
  seededRandom,
  shuffle,
  tCdf,
  tQuantile,
  twoSidedP,
  verdict,
  wilson,
} from '../statistics.js'

const logRatio = fc.double({ min: -1, max: 1, noNaN: true })
const runs = fc.array(fc.array(logRatio, { minLength: 2, maxLength: 12 }), { minLength: 1, maxLength: 5 })
const seed = fc.integer()
const estimate = (launches: readonly (readonly number[])[], atSeed = 1): Estimate =>
  estimateRatio(launches, { seed: atSeed, resamples: 100 })

const BOUNDS = ['value', 'low', 'high'] as const
type Bounds = Pick<Estimate, (typeof BOUNDS)[number]>

/** Equal ratios, to a tolerance in log units. */
function expectClose(got: Estimate, wanted: Bounds, tolerance = 1e-9): void {
  for (const key of BOUNDS) {
    expect(Math.abs(Math.log(got[key] / wanted[key])), key).toBeLessThan(tolerance)
  }
}

describe('seeded randomness', () => {
  test('a seed always gives the same numbers, here and on every machine', () => {
    const random = seededRandom(1)
    expect([random(), random(), random()].map((x) => x * 2 ** 32)).toEqual([
      2420951833, 2513034076, 3847892949,
    ])
  })

  test('a hundred thousand numbers fill ten equal bins evenly', () => {
    const random = seededRandom(7)
    const bins = Array.from({ length: 10 }, () => 0)
    for (let i = 0; i < 1e5; i++) {
      const bin = Math.floor(random() * 10)
      bins[bin] = (bins[bin] ?? 0) + 1
    }
    // χ² with 9 degrees of freedom exceeds 27.9 once in a thousand seeds.
    expect(bins.reduce((sum, n) => sum + (n - 1e4) ** 2 / 1e4, 0)).toBeLessThan(27.9)
  })

  test('a shuffle keeps every item and leaves its input alone', () => {
    fc.assert(
      fc.property(fc.array(fc.integer()), seed, (items, s) => {
        const before = [...items]
        const after = shuffle(items, seededRandom(s))
        expect(items).toEqual(before)
        expect(after.toSorted()).toEqual(items.toSorted())
      }),
    )
  })

  test('all six orders of three items come up equally often', () => {
    const random = seededRandom(11)
    const seen = new Map<string, number>()
    for (let i = 0; i < 6000; i++) {
      const order = shuffle(['a', 'b', 'c'], random).join('')
      seen.set(order, (seen.get(order) ?? 0) + 1)
    }
    expect(seen.size).toBe(6)
    for (const count of seen.values())
      expect(Math.abs(count - 1000)).toBeLessThan(4 * Math.sqrt(6000 * (5 / 36)))
  })

  test('a fractional seed is refused', () => {
    expect(() => seededRandom(0.5)).toThrow(new RangeError('seed: expected an integer, got 0.5'))
  })
})

describe('locations', () => {
  test('median and quantiles agree with simple-statistics and with NumPy’s type 7', () => {
    fc.assert(
      fc.property(fc.array(logRatio, { minLength: 1, maxLength: 40 }), (xs) => {
        expect(median(xs)).toBeCloseTo(reference.median(xs), 12)
      }),
    )
    const got = [0, 0.1, 0.25, 0.5, 0.9, 1].map((p) => quantile([1, 2, 4, 8], p))
    for (const [i, wanted] of [1, 1.3, 1.75, 3, 6.8, 8].entries()) expect(got[i]).toBeCloseTo(wanted, 12)
  })

  test('Hodges–Lehmann of small samples is the median of their pair means', () => {
    expect(hodgesLehmann([5])).toBe(5)
    expect(hodgesLehmann([1, 2])).toBe(1.5)
    expect(hodgesLehmann([1, 2, 6])).toBe(2.75)
    expect(hodgesLehmann([1, 2, 3, 1000])).toBe(2.75)
  })

  test('Hodges–Lehmann follows shifts and reflections', () => {
    fc.assert(
      fc.property(fc.array(logRatio, { minLength: 1, maxLength: 30 }), logRatio, (xs, c) => {
        expect(hodgesLehmann(xs.map((x) => c - x))).toBeCloseTo(c - hodgesLehmann(xs), 12)
      }),
    )
  })

  test('an empty, unsorted or undefined sample is refused', () => {
    expect(() => median([])).toThrow('expected at least one number, got none')
    expect(() => hodgesLehmann([1, Number.NaN])).toThrow('expected finite numbers, got NaN')
    expect(() => quantile([2, 1], 0.5)).toThrow('expected an ascending sample, got a drop at index 1')
    expect(() => quantile([1, 2], 1.5)).toThrow('expected p between 0 and 1, got 1.5')
  })
})

describe('Student’s t', () => {
  test.each([
    [0.975, 1, 12.7062],
    [0.975, 2, 4.3027],
    [0.975, 5, 2.5706],
    [0.995, 10, 3.1693],
    [0.95, 30, 1.6973],
    [0.8, 4, 0.941],
    [0.975, 120, 1.9799],
    [0.975, Number.POSITIVE_INFINITY, 1.96],
    [0.025, 2, -4.3027],
    // Fractional: scipy.stats.t.ppf
    [0.975, 4.5, 2.6589],
    [0.9, 0.5, 10.2703],
    [0.9999, 3.3, 18.2097],
  ])('the quantile of %d at %d degrees of freedom is the table’s %d', (p, df, table) => {
    expect(Math.abs(tQuantile(p, df) - table)).toBeLessThan(1e-4)
  })

  test('distribution and quantile undo each other', () => {
    const p = fc.double({ min: 0.001, max: 0.999, noNaN: true })
    const df = fc.double({ min: 0.5, max: 1e5, noNaN: true })
    fc.assert(
      fc.property(p, df, (x, k) => {
        expect(tCdf(tQuantile(x, k), k)).toBeCloseTo(x, 8)
      }),
    )
  })

  test('with one degree of freedom it is the Cauchy distribution, far into the tail', () => {
    expect(tCdf(1, 1)).toBeCloseTo(0.75, 12)
    expect(twoSidedP(1e9, 1) * 1e9).toBeCloseTo(2 / Math.PI, 9)
  })

  test('F is t squared with one degree of freedom, and has a closed form with two', () => {
    for (const [t, df] of [
      [0.3, 4],
      [2.1, 3.7],
      [9, 12],
    ] as const)
      expect(fUpperTail(t * t, 1, df)).toBeCloseTo(twoSidedP(t, df), 12)
    for (const [f, df] of [
      [0.5, 3],
      [4, 5.6],
      [40, 8],
    ] as const)
      expect(fUpperTail(f, 2, df)).toBeCloseTo((1 + (2 * f) / df) ** (-df / 2), 12)
  })

  test('impossible degrees of freedom and probabilities are refused', () => {
    expect(() => tQuantile(0.5, 0)).toThrow('expected positive degrees of freedom, got 0')
    expect(() => tQuantile(1, 3)).toThrow('expected a number strictly between 0 and 1, got 1')
    expect(() => tCdf(Number.NaN, 3)).toThrow('expected a number, got NaN')
  })
})

describe('the ratio of two strategies', () => {
  test('a factor on every log-ratio is a factor on value and interval', () => {
    fc.assert(
      fc.property(runs, logRatio, (launches, c) => {
        const plain = estimate(launches)
        const k = Math.exp(c)
        const shifted = estimate(launches.map((blocks) => blocks.map((x) => x + c)))
        expectClose(shifted, { value: plain.value * k, low: plain.low * k, high: plain.high * k })
      }),
    )
  })

  test('swapping strategy and baseline inverts value and interval', () => {
    fc.assert(
      fc.property(runs, (launches) => {
        const { value, low, high, pValue } = estimate(launches)
        const swapped = estimate(launches.map((blocks) => blocks.map((x) => -x)))
        expectClose(swapped, { value: 1 / value, low: 1 / high, high: 1 / low })
        expect(swapped.pValue).toBeCloseTo(pValue, 6)
      }),
    )
  })

  test('neither the order of launches nor that of blocks within a launch matters', () => {
    fc.assert(
      fc.property(runs, seed, (launches, s) => {
        const random = seededRandom(s)
        const reordered = shuffle(launches, random).map((blocks) => shuffle(blocks, random))
        expectClose(estimate(reordered), estimate(launches))
      }),
    )
  })

  test('a seed decides the interval, and no seed moves the value', () => {
    const launches = [[0.1, 0.3, 0.2, 0.25, 0.05]]
    expect(estimate(launches, 1)).toEqual(estimate(launches, 1))
    expect(estimate(launches, 2).value).toBe(estimate(launches, 1).value)
    expect(estimate(launches, 2).high).not.toBe(estimate(launches, 1).high)
  })

  test('p falls below 5 % exactly when the 95 % interval excludes 1', () => {
    fc.assert(
      fc.property(runs, (launches) => {
        const { low, value, high, pValue } = estimate(launches)
        expect(low <= value && value <= high).toBe(true)
        // On the edge itself rounding decides.
        fc.pre(Math.abs(Math.log(low)) > 1e-9 && Math.abs(Math.log(high)) > 1e-9)
        expect(pValue < 0.05).toBe(low > 1 || high < 1)
      }),
    )
  })

  test('two blocks of one launch give the textbook t interval, but for the resampling', () => {
    const { low, high } = estimateRatio([[0, 0.2]], { seed: 1, resamples: 20_000 })
    const [centre, halfWidth] = [0.1, 12.7062 * 0.1]
    expect(Math.log(high)).toBeCloseTo(centre + halfWidth, 1)
    expect(Math.log(low)).toBeCloseTo(centre - halfWidth, 1)
  })

  test('launches far apart give the t interval of their locations, whatever happens inside them', () => {
    const spread = [-0.001, -0.0005, 0, 0.0005, 0.001]
    const launches = [1, 2, 3].map((centre) => spread.map((x) => centre + x))
    const reach = 4.30265 / Math.sqrt(3)
    expectClose(
      estimate(launches),
      { value: Math.exp(2), low: Math.exp(2 - reach), high: Math.exp(2 + reach) },
      1e-5,
    )
  })

  test('launches that agree let the blocks count: no wider than one launch of them all', () => {
    const random = seededRandom(5)
    const blocks = Array.from({ length: 20 }, () => random() - 0.5)
    const width = ({ low, high }: Estimate) => Math.log(high / low)
    const agreeing = width(estimate([blocks, blocks, blocks]))
    expect(agreeing / width(estimate([blocks]))).toBeCloseTo(1 / Math.sqrt(3), 1)
  })

  test('a wild block moves the value less than the blocks’ own spread', () => {
    const calm = [-0.03, -0.02, -0.01, 0, 0.01, 0.02, 0.03]
    expect(Math.abs(Math.log(estimate([[...calm, 9], calm]).value))).toBeLessThan(0.01)
  })

  test('what is detectable is 2.8 standard errors when there is much to go by', () => {
    const random = seededRandom(3)
    const launches = [Array.from({ length: 100 }, () => random() - 0.5)]
    const { low, high, detectable } = estimate(launches)
    expect(Math.log1p(detectable) / (Math.log(high / low) / 2)).toBeCloseTo(2.8 / 1.96, 1)
  })

  test('empty launches are dropped and cut-down ones kept', () => {
    const launches = [[0.1, 0.2, 0.1, 0.3], [], [0.2], [0.1, 0.15]]
    const got = estimate(launches)
    expect(got).toMatchObject({ launches: 3, blocks: 7 })
    expect(Number.isFinite(got.high)).toBe(true)
    expect(got).toEqual(estimate(launches.filter((blocks) => blocks.length > 0)))
  })

  test('blocks without any spread give a point: no difference, or a certain one', () => {
    expect(
      estimate([
        [0, 0],
        [0, 0],
      ]),
    ).toMatchObject({ value: 1, low: 1, high: 1, pValue: 1, detectable: 0 })
    expect(
      estimate([
        [0.5, 0.5],
        [0.5, 0.5],
      ]),
    ).toMatchObject({ pValue: 0, detectable: 0 })
  })

  test('one block, none, or one that is not a number cannot be estimated from', () => {
    expect(() => estimate([])).toThrow('log-ratios: expected at least one number, got none')
    expect(() => estimate([[0.1], []])).toThrow('log-ratios: expected at least 2 blocks, got 1')
    expect(() => estimate([[0.1, Number.NEGATIVE_INFINITY]])).toThrow(
      'expected finite numbers, got -Infinity',
    )
    expect(() => estimateRatio([[1, 2]], { seed: 1, level: 95 })).toThrow('level: expected')
    expect(() => estimateRatio([[1, 2]], { seed: 1, resamples: 10 })).toThrow('at least 100, got 10')
  })
})

describe('Holm’s adjustment', () => {
  test('the worked example comes out, in the order given', () => {
    const adjusted = holm([0.01, 0.04, 0.03, 0.005])
    for (const [i, wanted] of [0.03, 0.06, 0.06, 0.02].entries()) expect(adjusted[i]).toBeCloseTo(wanted, 12)
    expect(holm([])).toEqual([])
  })

  test('it never lowers a p-value, never exceeds Bonferroni’s or 1, and keeps the order', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true })), (ps) => {
        const pairs = holm(ps).map((adjusted, i) => ({ p: ps[i] ?? 0, adjusted }))
        for (const { p, adjusted } of pairs) {
          expect(adjusted).toBeGreaterThanOrEqual(p)
          expect(adjusted).toBeLessThanOrEqual(1)
        }
        const inOrder = pairs
          .toSorted((a, b) => a.p - b.p || a.adjusted - b.adjusted)
          .map(({ adjusted }) => adjusted)
        expect(inOrder).toEqual(inOrder.toSorted((a, b) => a - b))
        if (ps.length > 0) expect(Math.min(...holm(ps))).toBe(Math.min(1, Math.min(...ps) * ps.length))
      }),
    )
  })

  test('a p-value outside 0…1 is refused', () => {
    expect(() => holm([0.5, 1.5])).toThrow('expected p-values between 0 and 1, got 1.5')
    expect(() => holm([Number.NaN])).toThrow(RangeError)
  })
})

describe('verdicts', () => {
  const judge = (
    low: number,
    high: number,
    rest: { adjustedP?: number; higherIsBetter?: boolean; margin?: number } = {},
  ) => verdict({ estimate: { low, high }, adjustedP: 0.001, higherIsBetter: true, ...rest })

  test('an interval beyond 1 is faster or slower, by which way is better', () => {
    expect(judge(1.1, 1.3)).toBe('faster')
    expect(judge(0.7, 0.9)).toBe('slower')
    expect(judge(1.1, 1.3, { higherIsBetter: false })).toBe('slower')
    expect(judge(0.7, 0.9, { higherIsBetter: false })).toBe('faster')
  })

  test('an interval within the margin is equivalent even when it excludes 1', () => {
    expect(judge(1.01, 1.04)).toBe('equivalent')
    expect(judge(0.97, 1.02, { adjustedP: 0.9 })).toBe('equivalent')
    expect(judge(1.01, 1.04, { margin: 0.02 })).toBe('faster')
    expect(judge(1 / 1.05, 1.05)).toBe('equivalent')
  })

  test('without the adjusted p or the interval on its side nothing is claimed', () => {
    expect(judge(1.1, 1.3, { adjustedP: 0.05 })).toBe('inconclusive')
    expect(judge(0.9, 1.3)).toBe('inconclusive')
    expect(judge(1, 1.3)).toBe('inconclusive')
  })

  test('a disordered interval, an impossible p and a margin of nothing are refused', () => {
    expect(() => judge(1.3, 1.1)).toThrow('expected low ≤ high, got 1.3 and 1.1')
    expect(() => judge(1, 1, { adjustedP: Number.NaN })).toThrow('got NaN')
    expect(() => judge(1, 1, { margin: 0 })).toThrow('expected a positive margin, got 0')
  })
})

describe('Wilson’s interval', () => {
  // Newcombe (1998), Statistics in Medicine 17: 857–872, table I, method 3.
  test.each([
    [81, 263, 0.2553, 0.3662],
    [15, 148, 0.0624, 0.1605],
    [1, 29, 0.0061, 0.1718],
  ])('%d of %d is the published %d to %d', (failures, attempts, low, high) => {
    const got = wilson(failures, attempts)
    expect(got.low).toBeCloseTo(low, 4)
    expect(got.high).toBeCloseTo(high, 4)
    expect(got).toMatchObject({ failures, attempts, rate: failures / attempts })
  })

  test('no failure bounds the rate by the exact rule of three, all failures by its mirror image', () => {
    expect(wilson(0, 300)).toMatchObject({ rate: 0, low: 0, high: 1 - 0.05 ** (1 / 300) })
    expect(wilson(0, 300).high * 300).toBeCloseTo(3, 1)
    expect(wilson(300, 300)).toMatchObject({ rate: 1, low: 0.05 ** (1 / 300), high: 1 })
  })

  test('never attempted means nothing known', () => {
    expect(wilson(0, 0)).toEqual({ attempts: 0, failures: 0, rate: 0, low: 0, high: 1 })
  })

  test('the interval holds the rate and stays inside 0…1', () => {
    const counts = fc
      .integer({ min: 1, max: 1e6 })
      .chain((n) => fc.tuple(fc.integer({ min: 0, max: n }), fc.constant(n)))
    fc.assert(
      fc.property(counts, ([failures, attempts]) => {
        const { low, rate, high } = wilson(failures, attempts)
        expect(0 <= low && low <= rate && rate <= high && high <= 1).toBe(true)
      }),
    )
  })

  test('more failures than attempts are refused', () => {
    expect(() => wilson(2, 1)).toThrow('expected integers 0 ≤ failures ≤ attempts, got 2 of 1')
    expect(() => wilson(0.5, 1)).toThrow(RangeError)
    expect(() => wilson(1, 2, 1)).toThrow(RangeError)
  })
})

describe('ranks', () => {
  const interval = (low: number, high: number) => ({ low, value: (low + high) / 2, high })

  test('overlap shares a rank, and a chain of overlaps still separates its ends', () => {
    const chain = [interval(5, 7), interval(3, 5.5), interval(1, 4)]
    expect(ranks(chain, true)).toEqual([1, 1, 2])
    expect(ranks(chain, false)).toEqual([2, 1, 1])
  })

  test('a shared rank leaves a gap after it, as in a competition', () => {
    expect(ranks([interval(8, 9), interval(8.5, 9.5), interval(1, 2)], true)).toEqual([1, 1, 3])
    expect(ranks([], true)).toEqual([])
  })

  test('reordering the strategies reorders the ranks, and a sure loser always ranks below', () => {
    const intervals = fc.array(
      fc.tuple(logRatio, logRatio).map(([a, b]) => interval(Math.min(a, b), Math.max(a, b))),
    )
    fc.assert(
      fc.property(intervals, seed, fc.boolean(), (estimates, s, higherIsBetter) => {
        const places = ranks(estimates, higherIsBetter)
        const order = shuffle([...estimates.keys()], seededRandom(s))
        const reordered = order.flatMap((i) => estimates.slice(i, i + 1))
        expect(ranks(reordered, higherIsBetter)).toEqual(order.map((i) => places[i]))
        for (const [i, one] of estimates.entries()) {
          const beaten = estimates.flatMap((other, j) => (one.low > other.high ? [places[j] ?? 0] : []))
          for (const place of beaten)
            expect(Math.sign(place - (places[i] ?? 0))).toBe(higherIsBetter ? 1 : -1)
        }
      }),
    )
  })

  test('a value outside its interval is refused', () => {
    expect(() => ranks([{ low: 1, value: 3, high: 2 }], true)).toThrow(
      'expected low ≤ value ≤ high, got 1, 3, 2',
    )
  })
})
