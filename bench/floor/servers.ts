import { type Cell, cellsOf, createRatios, type Ratios } from '../judge/ratios.js'
import { noopName, type Plan, twinName } from '../plan.js'
import type { ServerFigures } from '../report/floor.js'
import { operations, type SliceRecord } from '../slices.js'
import { median } from '../statistics.js'
import { bareServers, limits } from './arms.js'

/** Every server of the floor, its figures and its ratios, by the timing study's statistics. Pure. */
export function serversOf(plan: Plan, slices: readonly SliceRecord[]): readonly ServerFigures[] {
  const ratios = createRatios(plan, slices)
  const bare = Object.keys(bareServers)
  // All of them, though only those of the bare are told: together they know more of the luck of a launch.
  return figuresOf(
    [plan.baseline, twinName, noopName, ...bare],
    [
      ...against(ratios, pairsWith(plan.baseline, [twinName, noopName, ...bare])),
      ...against(ratios, pairsWith(noopName, [plan.baseline, twinName, ...bare])),
    ],
    ratios,
  )
}

/** Ours and their limits, ÷ the baseline, and each limit ÷ that of ours whose limit it is. Pure. */
export function limitsOf(plan: Plan, slices: readonly SliceRecord[]): readonly ServerFigures[] {
  const ratios = createRatios(plan, slices)
  const names = plan.entrants.map(({ name }) => name).filter((name) => name !== plan.baseline)
  const pairs = limits.filter(({ name }) => names.includes(name))
  return figuresOf(
    names,
    [
      ...against(ratios, pairsWith(plan.baseline, [twinName, noopName, ...names])),
      // An arm has one opponent at a time, and `manager` has two limits: so these are the arms.
      ...against(
        ratios,
        pairs.map(({ name, ours }) => ({ arm: name, baseline: ours })),
      ),
    ],
    ratios,
  )
}

type Pair = Pick<Cell, 'arm' | 'baseline'>
type ServerRatio = ServerFigures['ratios'][number] & Pick<Cell, 'arm' | 'operation'>

function pairsWith(baseline: string, arms: readonly string[]): readonly Pair[] {
  return arms.map((arm) => ({ arm, baseline }))
}

function against({ estimate }: Ratios, pairs: readonly Pair[]): readonly ServerRatio[] {
  const found = [...estimate(cellsOf(pairs, false)).values()].filter(({ cell }) => cell.source === 'client')
  return found.map(({ cell, estimated: { value, low, high } }) => ({ ...cell, value, low, high }))
}

function figuresOf(
  names: readonly string[],
  ratios: readonly ServerRatio[],
  { slicesOf }: Ratios,
): readonly ServerFigures[] {
  return names.flatMap((name) =>
    operations.map((operation) => {
      const own = slicesOf(name, operation)
      const cpuUs = own.flatMap(({ cpuUsPerOp }) => cpuUsPerOp ?? [])
      return {
        name,
        operation,
        throughput: own.length === 0 ? null : median(own.map(({ throughput }) => throughput)),
        cpuUsPerOp: cpuUs.length === 0 ? null : median(cpuUs),
        ratios: ratios.filter(({ arm, operation: of }) => arm === name && of === operation),
      }
    }),
  )
}
