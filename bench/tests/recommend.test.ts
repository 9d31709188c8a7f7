import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { durabilities, rungs } from '../checkers/rungs.js'
import { recommend, stepsOf } from '../judge/recommend.js'
import type { CorrectnessResult, Recommendation, StrategyResult } from '../results.js'
import { type Candidate, candidate, place } from './recommend.fixtures.js'

const memory = candidate({ name: 'memory', scope: 'process', survives: 'nothing', cost: 1 })
const shared = candidate({ name: 'shared', scope: 'host', survives: 'worker-crash', cost: 1.2 })
const file = candidate({ name: 'file', scope: 'host', survives: 'restart', cost: 2 })
const engine = candidate({ name: 'engine', scope: 'fleet', survives: 'power-loss', cost: 4 })
const all = [memory, shared, file, engine]

const at = (found: readonly Recommendation[], cell: string) => found.find((entry) => place(entry) === cell)
const chosen = (strategies: readonly StrategyResult[], cell: string) =>
  at(recommend(strategies, 'memory'), cell)?.strategy

describe('a recommendation', () => {
  test('is the cheapest that claims at least so much, for each rung and durability', () => {
    expect(recommend(all, 'memory').map((entry) => `${place(entry)} ${entry.strategy}`)).toEqual([
      'process/nothing memory',
      'process/worker-crash shared',
      'process/restart file',
      'process/power-loss engine',
      'threads/nothing shared',
      'threads/worker-crash shared',
      'threads/restart file',
      'threads/power-loss engine',
      'host/nothing shared',
      'host/worker-crash shared',
      'host/restart file',
      'host/power-loss engine',
      'fleet/nothing engine',
      'fleet/worker-crash engine',
      'fleet/restart engine',
      'fleet/power-loss engine',
    ])
  })

  test('is there only where somebody serves', () => {
    expect(recommend([memory, file], 'memory').map(place)).not.toContain('host/power-loss')
    expect(recommend([], 'memory')).toEqual([])
  })

  test('goes by the geometric mean of what a write, a read and a take cost in CPU time', () => {
    const uneven = candidate({ name: 'uneven', scope: 'host', survives: 'restart', cost: [8, 1, 1] })
    const even = candidate({ name: 'even', scope: 'host', survives: 'restart', cost: [2.1, 2.1, 2.1] })
    const found = at(recommend([memory, even, uneven], 'memory'), 'host/restart')
    expect(found?.strategy).toBe('uneven')
    expect(found?.cost.value).toBeCloseTo(2)
  })

  test('names who is as cheap within what the run can tell, cheapest first', () => {
    const near = candidate({ name: 'near', scope: 'host', survives: 'restart', cost: 2.1, spread: 1.1 })
    const nearer = candidate({ name: 'nearer', scope: 'host', survives: 'restart', cost: 2.05, spread: 1.1 })
    const far = candidate({ name: 'far', scope: 'host', survives: 'restart', cost: 3, spread: 1.1 })
    expect(at(recommend([near, far, file, nearer], 'memory'), 'host/restart')?.ties).toEqual([
      'nearer',
      'near',
    ])
  })

  test('tells the ratios of write and take as the timing has them, and the baseline as its own measure', () => {
    const found = recommend(all, 'memory')
    expect(at(found, 'process/nothing')?.ratios.map(({ value, low, high }) => [value, low, high])).toEqual(
      Array.from({ length: 4 }, () => [1, 1, 1]),
    )
    const ratios = at(found, 'host/restart')?.ratios ?? []
    expect(ratios.map(({ operation, metric }) => `${operation} ${metric}`)).toEqual([
      'write throughput',
      'write cpuUsPerOp',
      'take throughput',
      'take cpuUsPerOp',
    ])
    for (const { operation, metric, ...ends } of ratios) {
      const row = file.timing?.find((one) => one.operation === operation && one.source === 'client')
      expect(row?.ratios.find((ratio) => ratio.metric === metric)).toMatchObject(ends)
    }
  })

  test('says which laws were not exercised on the one it names', () => {
    const found = recommend(
      [
        candidate({
          name: 'memory',
          scope: 'process',
          survives: 'nothing',
          cost: 1,
          unknown: ['fail-closed'],
        }),
      ],
      'memory',
    )
    expect(found.map(({ unexercised }) => unexercised)).toEqual([['fail-closed']])
  })

  test('is for a rung on which the store was seen correct', () => {
    const near = candidate({
      name: 'near',
      scope: 'host',
      survives: 'restart',
      cost: 1.5,
      seen: ['process', 'host'],
    })
    expect(recommend([near], 'memory').filter(({ scope }) => scope === 'threads')).toEqual([])
    expect(chosen([near, file], 'threads/restart')).toBe('file')
  })

  const change = (more: Partial<StrategyResult>): StrategyResult => ({ ...shared, ...more })
  const judged = (more: Partial<CorrectnessResult>): StrategyResult =>
    shared.correctness === undefined ? shared : change({ correctness: { ...shared.correctness, ...more } })
  const { timing: _timing, ...untimed } = shared
  const { correctness: _correctness, ...unjudged } = shared

  test.each<[string, StrategyResult]>([
    ['an exhibit', change({ exhibit: 'Wrong on purpose.' })],
    ['one that was skipped', change({ skipped: 'no library' })],
    ['one that could not be measured to the end', change({ failed: 'it crashed' })],
    ['one that breaks a law', judged({ verdict: 'invalid' })],
    [
      'one with an unproven promise',
      judged({ promises: [{ claim: 'scope', promised: 'host', observation: 'unproven' }] }),
    ],
    [
      'one with a broken promise',
      judged({ promises: [{ claim: 'scope', promised: 'host', observation: 'broken' }] }),
    ],
    ['one without single use', change({ claims: { ...shared.claims, singleUse: false } })],
    ['one that was not timed', untimed],
    ['one that was not judged', unjudged],
  ])('never names %s', (_what, flawed) => {
    expect(chosen([memory, flawed, file], 'host/nothing')).toBe('file')
  })

  test('of CPU time that nobody could measure is none, not even of the baseline', () => {
    const timing = memory.timing?.map((row) => ({ ...row, cpuUsPerOp: null, ratios: [] })) ?? []
    expect(recommend([{ ...memory, timing }], 'memory')).toEqual([])
  })
})

const candidates: fc.Arbitrary<readonly Candidate[]> = fc.uniqueArray(
  fc.record({
    name: fc.constantFrom('memory', 'a', 'b', 'c', 'd', 'e'),
    scope: fc.constantFrom(...rungs),
    survives: fc.constantFrom(...durabilities),
    cost: fc.constantFrom(1, 1.2, 2, 2.1, 5),
    spread: fc.constantFrom(1.01, 1.3),
    flaw: fc.constantFrom('none', 'none', 'exhibit', 'skipped', 'broken', 'unproven', 'replayable'),
  }),
  { selector: ({ name }) => name, minLength: 1 },
)

describe('recommendations of whatever strategies', () => {
  const settings = { seed: 20_260_102, numRuns: 300 }

  test('name nobody who is flawed or promised less, and nobody dearer than another who would do', () => {
    fc.assert(
      fc.property(candidates, (given) => {
        for (const { scope, survives, strategy, ties, cost } of recommend(given.map(candidate), 'memory')) {
          const able = given.filter(
            (one) =>
              one.flaw === 'none' &&
              rungs.indexOf(one.scope) >= rungs.indexOf(scope) &&
              durabilities.indexOf(one.survives) >= durabilities.indexOf(survives),
          )
          const names = able.map(({ name }) => name)
          expect(names).toEqual(expect.arrayContaining([strategy, ...ties]))
          const costs = able.map((one) => (one.name === 'memory' ? 1 : Number(one.cost)))
          expect(cost.value).toBeCloseTo(Math.min(...costs))
        }
      }),
      settings,
    )
  })

  test('are the same in whatever order they come', () => {
    fc.assert(
      fc.property(
        candidates.chain((given) =>
          fc.tuple(fc.constant(given), fc.shuffledSubarray([...given], { minLength: given.length })),
        ),
        ([given, shuffled]) => {
          expect(recommend(shuffled.map(candidate), 'memory')).toEqual(
            recommend(given.map(candidate), 'memory'),
          )
        },
      ),
      settings,
    )
  })
})

describe('what the next rung costs', () => {
  const steps = stepsOf(recommend(all, 'memory'))
  const step = (survives: string, to: string) =>
    steps.find((one) => one.survives === survives && one.to.scope === to)

  test('is told from each rung to the next, at each durability', () => {
    expect(steps).toHaveLength(12)
    expect(step('restart', 'fleet')).toMatchObject({
      from: { scope: 'host', strategy: 'file' },
      to: { scope: 'fleet', strategy: 'engine' },
    })
  })

  test('is a quotient whose interval holds both: half widths add as logs', () => {
    const [ratio] = step('restart', 'fleet')?.ratios ?? []
    const spread = Math.log(1.05)
    expect(ratio).toMatchObject({ operation: 'write', metric: 'throughput' })
    expect(ratio?.value).toBeCloseTo(0.5)
    expect(Math.log((ratio?.high ?? 0) / (ratio?.value ?? 1))).toBeCloseTo(2 * spread)
    expect(Math.log((ratio?.value ?? 0) / (ratio?.low ?? 1))).toBeCloseTo(2 * spread)
  })

  test('is nothing where one strategy serves both', () => {
    const ratios = step('restart', 'host')?.ratios ?? []
    expect(ratios.map(({ value, low, high }) => [value, low, high])).toEqual(
      Array.from({ length: 4 }, () => [1, 1, 1]),
    )
  })

  test('leaves out a rung nobody serves', () => {
    const few = stepsOf(recommend(all, 'memory').filter(({ scope }) => scope !== 'threads'))
    expect(few.find(({ survives }) => survives === 'nothing')).toMatchObject({
      from: { scope: 'process' },
      to: { scope: 'host' },
    })
  })
})
