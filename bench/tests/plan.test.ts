import { describe, expect, test } from 'vitest'
import { forecast } from '../forecast.js'
import { launchesThatFit, makePlan, noopName, type Plan, twinName } from '../plan.js'
import { entrant, memory, occasion, options, planOf } from './fixtures.js'

const entrants = [memory, entrant('file'), entrant('sqlite'), entrant('mine', { module: './mine.mjs' })]

function armsOf(plan: Plan) {
  const [first] = plan.experiments
  if (first === undefined) throw new Error('expected an experiment')
  return first.arms
}

function totalBlocks({ experiments }: Plan): number {
  return experiments.reduce((sum, { blocks }) => sum + blocks.length, 0)
}

describe('plan', () => {
  test('is the same for the same options, roster, seed and occasion', () => {
    expect(planOf(entrants)).toEqual(planOf(entrants))
  })

  test('has another order of blocks under another seed, and nothing else', () => {
    const [seven, eight] = [planOf(entrants), planOf(entrants, { seed: 8 })]
    expect(eight.experiments.map(({ blocks }) => blocks)).not.toEqual(
      seven.experiments.map(({ blocks }) => blocks),
    )
    expect({ ...eight, seed: 0, experiments: [] }).toEqual({ ...seven, seed: 0, experiments: [] })
    expect(new Set(armsOf(eight))).toEqual(new Set(armsOf(seven)))
  })

  test('has orders that differ between blocks and between launches', () => {
    const [first, second] = planOf(entrants).experiments
    expect(new Set(first?.blocks.map((block) => block.join())).size).toBeGreaterThan(5)
    expect(first?.blocks).not.toEqual(second?.blocks)
  })

  test('holds every arm exactly once in each block', () => {
    const expected = [...entrants.map(({ name }) => name), twinName, noopName].sort()
    for (const { blocks, arms } of planOf(entrants).experiments) {
      expect(arms.map(({ name }) => name).sort()).toEqual(expected)
      for (const block of blocks) expect([...block].sort()).toEqual(expected)
    }
  })

  test('puts every arm first about as often as any other', () => {
    const blocks = planOf(entrants, { budgetSeconds: 600 }).experiments.flatMap(
      (experiment) => experiment.blocks,
    )
    for (const { name } of armsOf(planOf(entrants))) {
      const share = blocks.filter(([first]) => first === name).length / blocks.length
      expect(share).toBeGreaterThan(1 / 12)
      expect(share).toBeLessThan(1 / 3)
    }
  })

  test('measures the baseline a second time as its twin, and the no-op store', () => {
    const arms = armsOf(planOf(entrants))
    expect(arms.find(({ role }) => role === 'twin')).toEqual({ name: 'twin', role: 'twin', module: 'memory' })
    expect(arms.find(({ role }) => role === 'noop')).toEqual({
      name: 'noop',
      role: 'noop',
      module: '/noop.js',
    })
  })

  test('takes another baseline by its name or its path, with its twin', () => {
    const byName = planOf(entrants, { reference: 'sqlite' })
    const byPath = planOf(entrants, { reference: './mine.mjs' })
    const twinOf = (plan: Plan) => armsOf(plan).find(({ role }) => role === 'twin')?.module
    expect([byName.baseline, twinOf(byName)]).toEqual(['sqlite', 'sqlite'])
    expect([byPath.baseline, twinOf(byPath)]).toEqual(['mine', './mine.mjs'])
  })

  test('names skipped entrants and does not run them', () => {
    const plan = planOf([...entrants, entrant('absent', { skipped: 'no library' })])
    expect(plan.entrants.map(({ name }) => name)).toContain('absent')
    for (const { arms, blocks } of plan.experiments) {
      expect(arms.map(({ name }) => name)).not.toContain('absent')
      expect(blocks.flat()).not.toContain('absent')
    }
  })

  test('says in its name whether it is quick', () => {
    const [quick, full] = [planOf(entrants, { quick: true }), planOf(entrants)]
    expect([quick.runId, full.runId]).toEqual(['2026-01-02T03-04-05-quick', '2026-01-02T03-04-05'])
    expect(quick.sliceMs).toBeLessThanOrEqual(full.sliceMs)
  })

  test('buys launches, the unit of replication, until preparing them takes half the time', () => {
    const counts = [60, 170, 300, 600, 3_600].map(
      (budgetSeconds) => planOf(entrants, { budgetSeconds }).experiments.length,
    )
    expect(counts).toEqual(counts.toSorted((a, b) => a - b))
    expect([counts.at(0), counts.at(-1)]).toEqual([3, 10])
    expect(planOf(entrants, { quick: true, budgetSeconds: 25 }).experiments).toHaveLength(1)
  })

  test('foretells smaller detectable differences for a bigger budget', () => {
    const foretold = [60, 170, 600, 3_600].map((budgetSeconds) =>
      forecast(planOf(entrants, { budgetSeconds })),
    )
    const throughput = foretold.map((each) => each?.detectable.throughput ?? Number.NaN)
    expect(throughput).toEqual(throughput.toSorted((a, b) => b - a))
    expect(throughput.every((share) => share > 0.01 && share < 1)).toBe(true)
    expect(forecast({ ...planOf(entrants), experiments: [] })).toBeUndefined()
  })

  test('foretells larger ones the more arms share the blocks of a launch', () => {
    const many = [...entrants, ...Array.from({ length: 4 }, (_, index) => entrant(`further-${index}`))]
    const [few, more] = [entrants, many].map((each) => forecast(planOf(each, { budgetSeconds: 3_600 })))
    expect(more?.launches).toBe(few?.launches)
    expect(more?.detectable.cpuUsPerOp).toBeGreaterThan(few?.detectable.cpuUsPerOp ?? Number.NaN)
  })

  test('foretells fewer blocks where the workers of a second host are started as well', () => {
    const [one, two] = [1, 2].map((hosts) => forecast(planOf(entrants, { hosts, budgetSeconds: 60 })))
    expect(two?.launches).toBe(one?.launches)
    expect(two?.blocksPerLaunch).toBeLessThan(one?.blocksPerLaunch ?? Number.NaN)
  })

  test('foretells no more blocks than the plan has', () => {
    const plan = planOf(entrants, { budgetSeconds: 170 })
    const { blocksPerLaunch = 0 } = forecast(plan) ?? {}
    expect(blocksPerLaunch).toBeGreaterThan(0)
    expect(blocksPerLaunch).toBeLessThan(plan.experiments[0]?.blocks.length ?? 0)
  })

  test.each([true, false])('never spends more than its budget (quick: %s)', (quick) => {
    const { experiments, warmUp } = planOf(entrants, { quick, budgetSeconds: 100 })
    const planned = experiments.reduce((sum, { limitMs }) => sum + limitMs, 0)
    expect(planned).toBeLessThan(100_000)
    expect(planned).toBeGreaterThan(90_000)
    // Of the longest launch that there may be.
    expect(warmUp.limitMs).toBeLessThanOrEqual(planned / Math.min(2, experiments.length) / 2)
  })

  test.each([
    { preparing: 'little', preparingMs: 5_000, launches: 3 },
    { preparing: 'as long as measuring', preparingMs: 19_000, launches: 3 },
    { preparing: 'longer than measuring in it would', preparingMs: 20_000, launches: 2 },
    { preparing: 'longer than a launch was to take', preparingMs: 50_000, launches: 2 },
  ])('has $launches of 3 launches when preparing one takes $preparing', ({ preparingMs, launches }) => {
    expect(launchesThatFit(3, 114_000, preparingMs)).toBe(launches)
  })

  test('has no more launches than planned', () => {
    expect(launchesThatFit(1, 30_000, 1_000)).toBe(1)
    expect(launchesThatFit(1, 30_000, 29_000)).toBe(1)
  })

  test.each([true, false])('has not fewer blocks in a bigger budget (quick: %s)', (quick) => {
    const counts = [10, 11, 20, 60, 170, 3_600].map((budgetSeconds) =>
      totalBlocks(planOf(entrants, { quick, budgetSeconds })),
    )
    expect(counts).toEqual(counts.toSorted((a, b) => a - b))
    expect(counts[0]).toBeGreaterThan(0)
  })

  test('is a closed loop unless a rate is given', () => {
    expect('openLoop' in planOf(entrants)).toBe(false)
  })

  test.each([
    [1, 2, 2_000],
    [10, 3, 300],
    [500, 125, 250],
    [100_000, 25_000, 250],
  ])(
    'paced at %d a second has slices of %d requests and %d ms, and blocks to match',
    (rate, requests, ms) => {
      const plan = planOf(entrants, { rate })
      expect(plan.openLoop).toEqual({ rate, requests })
      expect(plan.sliceMs).toBe(ms)
      expect(totalBlocks(plan)).toBeLessThan(totalBlocks(planOf(entrants)))
      expect(totalBlocks(plan)).toBeGreaterThan(0)
    },
  )

  test('keeps the seed of a launch a 32-bit number at the top of the range', () => {
    for (const { seed } of planOf(entrants, { seed: 2 ** 32 - 1 }).experiments) {
      expect(Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32).toBe(true)
    }
  })

  test('survives a round trip through JSON', () => {
    const plan = makePlan(options, [...entrants, entrant('absent', { skipped: 'no library' })], occasion)
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan)
  })
})
