import type { RawRun } from '../judge.js'
import type { Plan } from '../plan.js'
import type { ScalingCell } from '../scaling/plan.js'
import type { ScalingLine, ScalingSlice } from '../scaling/records.js'
import { type Operation, operations } from '../slices.js'
import { seededRandom } from '../statistics.js'
import { entrant, environment, memory, outcomesOf, planOf } from './fixtures.js'

/** Hand-made runs of the scaling study, with known exponents inside. */

/** What an operation costs in a cell, as a multiple of 10 µs of store time, 1 ms of latency and 100 µs of CPU time. */
export type Cost = (cell: ScalingCell, operation: Operation) => number

export function scalingSlice(more: Partial<ScalingSlice> = {}): ScalingSlice {
  return {
    kind: 'scaling',
    phase: 'servers',
    strategy: 'memory',
    workers: 4,
    connections: 8,
    population: 1_000,
    live: 1_000,
    block: 0,
    operation: 'write',
    requests: 192,
    outcomes: outcomesOf({ accepted: 192 }),
    throughput: 1_000,
    windowMs: 20,
    cpuUsPerOp: 100,
    clientP50Us: 1_000,
    storeP50Us: 10,
    settleMs: 3,
    wallMs: 25,
    generatorUtilisation: 0.5,
    steal: 0,
    ...more,
  }
}

/** Every cell in every block, with the weather of the block and a little noise of the slice's own. */
export function recordScaling(plan: Plan, strategy: string, cost: Cost, blocks = 8): ScalingLine[] {
  const random = seededRandom(1)
  const noise = (size: number) => Math.exp((random() - 0.5) * 2 * size)
  return (plan.scaling?.phases ?? []).flatMap((phase) =>
    Array.from({ length: blocks }, (_, block) => {
      const weather = noise(0.5)
      return phase.cells.flatMap((cell) =>
        operations.map((operation) => {
          const factor = cost(cell, operation) * weather * noise(0.02)
          const { workers, connections, population } = cell
          return scalingSlice({
            ...{ phase: phase.name, strategy, workers, connections, population, block, operation },
            live: operation === 'read' ? population + 96 : population,
            throughput: 1_000 / factor,
            cpuUsPerOp: 100 * factor,
            clientP50Us: 1_000 * factor,
            storeP50Us: 10 * factor,
          })
        }),
      )
    }).flat(),
  )
}

/** A flat baseline, a store that is linear in what it holds but for its fixed cost, and a flat control. */
export function scalingRun(): RawRun & { readonly scaling: readonly ScalingLine[] } {
  const plan = planOf([memory, entrant('linear'), entrant('absent', { skipped: 'no such library' })], {
    studies: ['scaling'],
    workers: 4,
    connections: 8,
  })
  return {
    plan,
    environment,
    records: [{ kind: 'end', partial: false, wallSeconds: 40, timingSeconds: 0 }],
    scaling: [
      ...recordScaling(plan, 'memory', () => 1),
      ...recordScaling(plan, 'linear', ({ population }, operation) =>
        operation === 'read' ? 1 : population / 1_000,
      ),
      ...recordScaling(plan, 'noop', () => 0.5),
    ],
  }
}
