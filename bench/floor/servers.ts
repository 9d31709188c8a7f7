import { cellsOf, createRatios } from '../judge/ratios.js'
import { noopName, type Plan, twinName } from '../plan.js'
import type { ServerFigures } from '../report/floor.js'
import { operations, type SliceRecord } from '../slices.js'
import { median } from '../statistics.js'
import { bareServers } from './arms.js'

/** Every server of the floor, its figures and its ratios, by the timing study's statistics. Pure. */
export function serversOf(plan: Plan, slices: readonly SliceRecord[]): readonly ServerFigures[] {
  const { estimate, slicesOf } = createRatios(plan, slices)
  const bare = Object.keys(bareServers)
  const against = (baseline: string, arms: readonly string[]) => {
    const pairs = arms.map((arm) => ({ arm, baseline }))
    const found = [...estimate(cellsOf(pairs, false)).values()].filter(({ cell }) => cell.source === 'client')
    return found.map(({ cell, estimated: { value, low, high } }) => ({ ...cell, value, low, high }))
  }
  // All of them, though only those of the bare are told: together they know more of the luck of a launch.
  const ratios = [
    ...against(plan.baseline, [twinName, noopName, ...bare]),
    ...against(noopName, [plan.baseline, twinName, ...bare]),
  ]
  return [plan.baseline, twinName, noopName, ...bare].flatMap((name) =>
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
