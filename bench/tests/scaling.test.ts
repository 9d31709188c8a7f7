import { describe, expect, test } from 'vitest'
import { exitCodeOf } from '../exit-code.js'
import { judgeScaling } from '../judge/scaling.js'
import { parseResults, toResults } from '../judge.js'
import { markdown } from '../report/markdown.js'
import { terminal } from '../report/terminal.js'
import type { ScalingResult } from '../results.js'
import { makeScalingPlan, type ScalingPlan } from '../scaling/plan.js'
import type { ScalingLine, ScalingSlice } from '../scaling/records.js'
import { type Operation, operations, type Sweep } from '../slices.js'
import { entrant, memory, planOf, strategyOf } from './fixtures.js'
import { recordScaling, scalingRun, scalingSlice } from './scaling.fixtures.js'

const run = scalingRun()
const results = toResults(run)
const text = markdown(results)

function planned(more: Parameters<typeof planOf>[1] = {}): ScalingPlan {
  const { scaling } = planOf([memory, entrant('file')], {
    ...{ studies: ['scaling'], workers: 4, connections: 8 },
    ...more,
  })
  if (scaling === undefined) throw new Error('expected the scaling study to be planned')
  return scaling
}

function sizesOf({ phases }: ScalingPlan, sweep: Sweep): readonly number[] {
  const cells = phases.filter(({ sweeps }) => sweeps.includes(sweep)).flatMap((phase) => phase.cells)
  return [...new Set(cells.map((cell) => cell[sweep]))].sort((a, b) => a - b)
}

describe('the plan of the scaling study', () => {
  test('is absent unless asked for, and may stand beside timing', () => {
    expect(planOf([memory]).scaling).toBeUndefined()
    const both = planOf([memory], { studies: ['timing', 'scaling'] })
    expect([both.experiments.length > 0, both.scaling?.series.length]).toEqual([true, 2])
    expect(planOf([memory], { studies: ['scaling'] }).experiments).toEqual([])
  })

  test('sweeps each size, and the centre among them', () => {
    expect(sizesOf(planned(), 'workers')).toEqual([1, 2, 4, 8])
    expect(sizesOf(planned(), 'population')).toEqual([100, 1_000, 10_000, 100_000])
    expect(sizesOf(planned(), 'connections')).toEqual([1, 4, 8, 16, 64])
  })

  test('has three sizes of everything or more when quick, and needs fewer workers', () => {
    const [quick, full] = [planned({ quick: true }), planned()]
    for (const sweep of ['workers', 'population', 'connections'] as const)
      expect(sizesOf(quick, sweep).length).toBeGreaterThanOrEqual(3)
    const workersIn = ({ phases }: ScalingPlan) =>
      phases[0]?.cells.reduce((sum, { workers }) => sum + workers, 0) ?? 0
    expect(workersIn(quick)).toBeLessThan(workersIn(full))
  })

  test('varies one thing at a time', () => {
    for (const { cells } of planned().phases) {
      const [centre, ...around] = cells
      expect(centre).toMatchObject({ workers: 4, connections: 8, population: 1_000 })
      for (const cell of around) {
        const changed = (['workers', 'connections', 'population'] as const).filter(
          (thing) => cell[thing] !== centre?.[thing],
        )
        expect(changed).toHaveLength(1)
      }
    }
  })

  test('moves its centre with the options, which stays a size of every sweep', () => {
    const other = planned({ workers: 3, connections: 200 })
    expect([sizesOf(other, 'workers'), sizesOf(other, 'connections')]).toEqual([
      [1, 2, 3, 4, 8],
      [1, 4, 16, 64, 200],
    ])
    for (const { requests, cells } of other.phases)
      for (const { connections } of cells) expect(requests).toBeGreaterThanOrEqual(connections)
  })

  test('gives every cell of a phase one turn in each block, in changing order', () => {
    const { phases, series } = planned()
    for (const { blocks } of series) {
      for (const { name, cells } of phases) {
        const names = cells.map((cell) => cell.name).sort()
        expect(blocks[name].length).toBeGreaterThanOrEqual(8)
        for (const block of blocks[name]) expect([...block].sort()).toEqual(names)
        expect(new Set(blocks[name].map((block) => block.join())).size).toBeGreaterThan(4)
      }
    }
    expect(series[0]?.blocks).not.toEqual(series[1]?.blocks)
  })

  test('runs every strategy that is here and the no-op, and no twin', () => {
    const { scaling } = planOf([memory, entrant('absent', { skipped: 'no library' })], {
      studies: ['scaling'],
    })
    expect(scaling?.series.map(({ arm }) => arm.name)).toEqual(['memory', 'noop'])
  })

  test('is the same for the same wishes, and survives a round trip through JSON', () => {
    const arms = [{ name: 'memory', role: 'strategy', module: 'memory' }] as const
    const wishes = { quick: false, seed: 2 ** 32 - 1, workers: 4, connections: 8 }
    const plan = makeScalingPlan(wishes, arms)
    expect(makeScalingPlan(wishes, arms)).toEqual(plan)
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan)
  })

  test.each([
    [false, 360],
    [true, 90],
  ])('six strategies and the control are planned within their time (quick: %s, %d s)', (quick, limit) => {
    const { phases } = planned({ quick })
    const longest = Math.max(...phases.map(({ endsMs }) => endsMs)) / 1_000
    // Two of the six come near their limit, by what they do with a file at every write; the others need two thirds.
    expect(longest * 2 + (longest * 2 * 5) / 3).toBeLessThan(limit)
  })
})

function judged(lines: readonly ScalingLine[], strategy = 'memory'): ScalingResult {
  const found = judgeScaling(run.plan, lines, strategy)
  if (found === undefined) throw new Error(`expected ${strategy} to be judged`)
  return found
}

function sweepOf({ sweeps }: ScalingResult, sweep: Sweep, operation: Operation = 'write') {
  const found = sweeps.find((row) => row.sweep === sweep && row.operation === operation)
  if (found === undefined) throw new Error(`expected a sweep of ${sweep}`)
  return found
}

function scalingOf(name: string): ScalingResult {
  const { scaling } = strategyOf(results, name)
  if (scaling === undefined) throw new Error(`expected ${name} to be judged`)
  return scaling
}

describe('the judge of the scaling study', () => {
  test('finds a flat store flat and a linear one linear, through the weather of the blocks', () => {
    for (const [name, operation, k] of [
      ['memory', 'write', 0],
      ['memory', 'read', 0],
      ['linear', 'take', 1],
      ['linear', 'read', 0],
    ] as const) {
      const { storeP50Us, cpuUsPerOp } = sweepOf(scalingOf(name), 'population', operation).growth
      for (const growth of [storeP50Us, cpuUsPerOp]) {
        expect(growth?.exponent).toBeCloseTo(k, 1)
        expect(growth?.low).toBeLessThan(k)
        expect(growth?.high).toBeGreaterThan(k)
        expect((growth?.high ?? 1) - (growth?.low ?? 0)).toBeLessThan(0.1)
        expect(growth?.lastStep).toMatchObject({ from: 10_000, to: 100_000 })
        expect(growth?.lastStep.exponent).toBeCloseTo(k, 1)
      }
    }
  })

  test('finds how throughput grows with workers and connections', () => {
    const lines = recordScaling(
      run.plan,
      'memory',
      ({ workers, connections }) => 1 / workers ** 0.5 / connections,
    )
    const found = judged(lines)
    expect(sweepOf(found, 'workers').growth.throughput?.exponent).toBeCloseTo(0.5, 1)
    expect(sweepOf(found, 'connections').growth.throughput?.exponent).toBeCloseTo(1, 1)
  })

  test('tells a bend by a wide interval and by its last step', () => {
    const lines = recordScaling(run.plan, 'memory', ({ population }) => 1 + population / 10_000)
    const { storeP50Us } = sweepOf(judged(lines), 'population').growth
    expect((storeP50Us?.high ?? 0) - (storeP50Us?.low ?? 0)).toBeGreaterThan(0.3)
    expect(storeP50Us?.lastStep.exponent).toBeCloseTo(Math.log10(11 / 2), 1)
  })

  test('measures reads against what lives while they run, more than was planned', () => {
    const [first] = sweepOf(scalingOf('memory'), 'population', 'read').points
    expect([first?.size, first?.live]).toEqual([100, 196])
    const lines = recordScaling(run.plan, 'memory', ({ population }) => (population + 96) / 100)
    expect(sweepOf(judged(lines), 'population', 'read').growth.storeP50Us?.exponent).toBeCloseTo(1, 1)
  })

  test('has a point for every size, in ascending order, and every operation', () => {
    for (const operation of operations) {
      expect(sweepOf(scalingOf('linear'), 'workers', operation).points.map(({ size }) => size)).toEqual([
        1, 2, 4, 8,
      ])
      const connections = sweepOf(scalingOf('linear'), 'connections', operation).points
      expect(connections.map(({ size, slices }) => [size, slices])).toEqual(
        [1, 4, 8, 16, 64].map((size) => [size, 8]),
      )
    }
  })

  test('tells what is typical of a size within the weather of its blocks', () => {
    const [point] = sweepOf(scalingOf('memory'), 'population').points
    for (const [metric, truth] of [
      ['storeP50Us', 10],
      ['throughput', 1_000],
    ] as const) {
      const { value, low, high } = point?.typical[metric] ?? { value: 0, low: 0, high: 0 }
      expect(Math.abs(Math.log(value / truth))).toBeLessThan(0.5)
      expect(low).toBeLessThan(value)
      expect(high).toBeGreaterThan(value)
    }
  })

  const without = (which: (slice: ScalingSlice) => boolean) =>
    recordScaling(run.plan, 'memory', () => 1).filter((line) => line.kind !== 'scaling' || !which(line))

  test('knows no exponent of two sizes, and still their figures', () => {
    const { points, growth } = sweepOf(judged(without(({ population }) => population > 1_000)), 'population')
    expect(points.map(({ size }) => size)).toEqual([100, 1_000])
    expect(Object.values(growth)).toEqual([null, null, null, null])
    expect(points[0]?.typical.storeP50Us).not.toBeNull()
  })

  test('knows neither of a single block, and no exponent of sizes that never met in one', () => {
    const alone = sweepOf(judged(without(({ block }) => block > 0)), 'population')
    expect(alone.points[0]?.typical.storeP50Us).toBeNull()
    expect(alone.growth.storeP50Us).toBeNull()
    const apart = without(({ block, population }) => (population === 100) === block < 4)
    expect(sweepOf(judged(apart), 'population').growth.storeP50Us).toBeNull()
  })

  test('leaves void slices out and counts them', () => {
    const lines = recordScaling(run.plan, 'memory', () => 1).map((line) =>
      line.kind === 'scaling' && line.population === 100 && line.block < 2
        ? { ...line, storeP50Us: 9_999, void: 'a connection was lost' }
        : line,
    )
    const { points, growth } = sweepOf(judged(lines), 'population')
    expect(points[0]).toMatchObject({ slices: 6, voidSlices: 2 })
    expect(growth.storeP50Us?.exponent).toBeCloseTo(0, 1)
  })

  test('passes over figures that are missing', () => {
    const lines = recordScaling(run.plan, 'memory', () => 1).map((line) =>
      line.kind === 'scaling' ? { ...line, cpuUsPerOp: null } : line,
    )
    const { growth, points } = sweepOf(judged(lines), 'population')
    expect([growth.cpuUsPerOp, points[0]?.typical.cpuUsPerOp]).toEqual([null, null])
    expect(growth.storeP50Us).not.toBeNull()
  })

  test('keeps the reasons of gaps, also of a strategy that has nothing else', () => {
    const gap = { workers: 4, connections: 8, population: 100_000, reason: 'it ended' }
    const lines = [{ kind: 'scaling-gap', strategy: 'memory', ...gap }] as const
    expect(judged(lines)).toEqual({ sweeps: [], gaps: [gap] })
  })

  test('says nothing of a strategy without records, or of a run without the study', () => {
    expect(judgeScaling(run.plan, [], 'memory')).toBeUndefined()
    expect(judgeScaling(planOf([memory]), [scalingSlice()], 'memory')).toBeUndefined()
    expect(strategyOf(results, 'absent').scaling).toBeUndefined()
  })

  test('gives results that fit their schema, with the control beside the strategies', () => {
    expect(parseResults(JSON.stringify(results))).toEqual(results)
    expect(results.run.studies).toEqual(['scaling'])
    expect(results.controls.noop.scaling?.sweeps.length).toBe(9)
  })
})

describe('the exit code of a run with the scaling study alone', () => {
  test('is 0 when there are points, 2 when a strategy has none', () => {
    expect(exitCodeOf(results)).toBe(0)
    const strategies = results.strategies.map((strategy) =>
      strategy.name === 'linear' ? { ...strategy, scaling: { sweeps: [], gaps: [] } } : strategy,
    )
    expect(exitCodeOf({ ...results, strategies })).toBe(2)
  })
})

describe('the report of the scaling study', () => {
  const part = text.split(/^## /m).find((section) => section.startsWith('Scaling')) ?? ''
  const rows = part.split('\n').filter((line) => line.startsWith('| '))

  test('is there when it was asked for, and the timing tables are not', () => {
    expect(part).toContain('### Live captchas')
    expect(text).not.toContain('## Write:')
    expect(markdown(toResults({ ...run, scaling: [] }))).not.toContain('## Scaling')
    expect(terminal(results)).not.toContain('undefined')
  })

  test('has three rows for each strategy and the control in each of three tables', () => {
    for (const name of ['memory', 'linear', '(no-op store)'])
      expect(rows.filter((row) => row.startsWith(`| ${name} |`))).toHaveLength(9)
    expect(rows.some((row) => row.includes('absent'))).toBe(false)
  })

  test('has tables whose rows are as wide as their heads', () => {
    for (const table of part.split('\n\n').filter((block) => block.startsWith('| ')))
      expect(new Set(table.split('\n').map((line) => line.split('|').length)).size).toBe(1)
  })

  test('tells sizes, figures and exponents, and nothing missing', () => {
    expect(rows[0]).toMatch(/\| 100 \| 1,000 \| 10,000 \| 100,000 \| store p50 ∝ sizeᵏ \| last step \|/)
    expect(rows.find((row) => row.startsWith('| linear | take'))).toMatch(/µs \|.* (1\.0\d|0\.9\d) \[/)
    expect(text).not.toMatch(/undefined|null|NaN|Infinity|\[object/)
  })

  test('tells gaps with their reasons, and marks what the generator measured of itself', () => {
    const gap = { workers: 4, connections: 8, population: 100_000, reason: 'it would take 80 s' }
    const lines = run.scaling.map((line) =>
      line.kind === 'scaling' && line.connections === 64 ? { ...line, generatorUtilisation: 1 } : line,
    )
    const changed = markdown(
      toResults({ ...run, scaling: [...lines, { kind: 'scaling-gap', strategy: 'memory', ...gap }] }),
    )
    expect(changed).toContain(
      '- memory, 4 workers, 8 connections, 100,000 captchas: left out: it would take 80 s.',
    )
    expect(changed).toMatch(/\/s ‡ \|/)
    expect(changed).toContain('- ‡ the load generator')
    expect(text).not.toContain('‡')
  })
})
