import type { Plan } from '../plan.js'
import type { GrowthResult, ScalingMetric, ScalingResult, ScalingSweepResult } from '../results.js'
import type { ScalingCell, ScalingPhase } from '../scaling/plan.js'
import type { ScalingLine, ScalingSlice } from '../scaling/records.js'
import { type Operation, operations, type Sweep } from '../slices.js'
import { estimateRatio, fitGrowth, median } from '../statistics.js'

/** Fewer sizes than this lie on a line whatever they cost. */
const fewestSizes = 3

/**
 * Standard deviation of the logarithm of what servers of one strategy cost at one size. Servers of stores that are flat were 2
 * to 19 % off their line in three runs, of which blocks explained 4 to 9. Connections are all to one server.
 */
const luckOf = { servers: 0.08, connections: 0 } as const

/** Pure: what the study found of one strategy, or of the no-op; `undefined` when it was not part of it. */
export function judgeScaling(
  { scaling, seed }: Pick<Plan, 'scaling' | 'seed'>,
  lines: readonly ScalingLine[],
  strategy: string,
): ScalingResult | undefined {
  const own = lines.filter((line) => line.strategy === strategy)
  if (scaling === undefined || own.length === 0) return undefined
  const slices = own.filter((line) => line.kind === 'scaling')
  const gaps = own.flatMap((line) => {
    if (line.kind !== 'scaling-gap') return []
    const { workers, connections, population, reason } = line
    return [{ workers, connections, population, reason }]
  })
  const sweepsOf = (phase: ScalingPhase) =>
    phase.sweeps.flatMap((sweep) =>
      operations.map((operation) => judgeSweep(slices, { phase, sweep, operation, seed })),
    )
  return { sweeps: scaling.phases.flatMap(sweepsOf).filter(({ points }) => points.length > 0), gaps }
}

interface Question {
  readonly phase: ScalingPhase
  readonly sweep: Sweep
  readonly operation: Operation
  readonly seed: number
}

/** All slices of one size. */
interface Size {
  readonly size: number
  readonly live: number
  readonly sound: readonly ScalingSlice[]
  readonly voidSlices: number
}

function judgeSweep(slices: readonly ScalingSlice[], question: Question): ScalingSweepResult {
  const { phase, sweep, operation, seed } = question
  const luck = luckOf[phase.name]
  const sizes = sizesOf(slices, question)
  // Writes and takes swing about the population that was planned, reads come when all is written: what lived is what counts.
  const extent = ({ size, live }: Size) => (sweep === 'population' ? live : size)
  return {
    sweep,
    operation,
    points: sizes.map(({ size, live, sound, voidSlices }) => ({
      size,
      live,
      slices: sound.length,
      voidSlices,
      typical: byMetric((metric) => typicalOf(sound, metric, seed)),
      generatorUtilisation: median(sound.map(({ generatorUtilisation }) => generatorUtilisation)),
    })),
    growth: byMetric((metric) => growthOf(sizes, { metric, extent, seed, luck })),
  }
}

function sizesOf(slices: readonly ScalingSlice[], { phase, sweep, operation }: Question): readonly Size[] {
  const measured = slices.filter((slice) => slice.phase === phase.name && slice.operation === operation)
  return cellsOf(phase, sweep).flatMap((cell) => {
    const own = measured.filter((slice) => isOf(cell, slice))
    const sound = own.filter((slice) => slice.void === undefined)
    if (sound.length === 0) return []
    const live = median(sound.map((slice) => slice.live))
    return [{ size: cell[sweep], live, sound, voidSlices: own.length - sound.length }]
  })
}

/** The centre, the phase's first cell, and those that differ from it in nothing else; smallest first. */
function cellsOf({ cells }: ScalingPhase, sweep: Sweep): readonly ScalingCell[] {
  const [centre] = cells
  if (centre === undefined) return []
  return cells
    .filter((cell) => isOf({ ...centre, [sweep]: cell[sweep] }, cell))
    .toSorted((a, b) => a[sweep] - b[sweep])
}

type Place = Pick<ScalingCell, Sweep>

function isOf(cell: Place, other: Place): boolean {
  const { workers, connections, population } = cell
  return other.workers === workers && other.connections === connections && other.population === population
}

function byMetric<T>(of: (metric: ScalingMetric) => T): Record<ScalingMetric, T> {
  return {
    throughput: of('throughput'),
    clientP50Us: of('clientP50Us'),
    storeP50Us: of('storeP50Us'),
    cpuUsPerOp: of('cpuUsPerOp'),
  }
}

function typicalOf(sound: readonly ScalingSlice[], metric: ScalingMetric, seed: number) {
  const logarithms = sound.flatMap((slice) => (slice[metric] ? [Math.log(slice[metric])] : []))
  if (logarithms.length < 2) return null
  const { value, low, high } = estimateRatio([logarithms], { seed })
  return { value, low, high }
}

interface Fit {
  readonly metric: ScalingMetric
  readonly luck: number
  readonly extent: (size: Size) => number
  readonly seed: number
}

/** From the blocks in which every size has a figure. */
function growthOf(sizes: readonly Size[], { metric, extent, ...options }: Fit): GrowthResult | null {
  const columns = sizes.map(({ sound }) => new Map(sound.map((slice) => [slice.block, slice[metric]])))
  const blocks = [...(columns[0]?.keys() ?? [])].flatMap((block) => {
    const costs = columns.flatMap((column) => column.get(block) || [])
    return costs.length === columns.length ? [costs] : []
  })
  if (sizes.length < fewestSizes || blocks.length < 2) return null
  const extents = sizes.map(extent)
  const [from = 0, to = 0] = sizes.slice(-2).map(({ size }) => size)
  const last = fitGrowth(
    extents.slice(-2),
    blocks.map((costs) => costs.slice(-2)),
    options,
  )
  return { ...fitGrowth(extents, blocks, options), lastStep: { from, to, ...last } }
}
