import type { Arm } from '../plan.js'
import type { Sweep } from '../slices.js'
import { seededRandom, shuffle } from '../statistics.js'

/** One size of a sweep, or the centre. */
export interface ScalingCell {
  readonly name: string
  readonly workers: number
  readonly connections: number
  /** Live captchas. */
  readonly population: number
}

/**
 * Cells that take turns. The sizes of two sweeps are servers: they run side by side, and each gets one turn a block, because
 * a server that is asked more often is warmer (a turn in three sweeps instead of one had halved its CPU time per request).
 * The sizes of the third are connections to the server of the centre, which is measured once more among them.
 */
export interface ScalingPhase {
  readonly name: 'servers' | 'connections'
  readonly sweeps: readonly Sweep[]
  readonly cells: readonly ScalingCell[]
  /** Requests per slice, the same at every size: what a slice costs whatever its length is then the same share of each. */
  readonly requests: number
  /** No block but the first two starts later than this after the servers were filled; ms. */
  readonly endsMs: number
}

/** One strategy at all sizes. */
export interface ScalingSeries {
  readonly arm: Arm
  readonly seed: number
  /** By phase, the order of its cells, by name, in each block. */
  readonly blocks: Readonly<Record<ScalingPhase['name'], readonly (readonly string[])[]>>
}

/** What the scaling study does: every series one after another, each through all phases. */
export interface ScalingPlan {
  readonly phases: readonly ScalingPhase[]
  readonly series: readonly ScalingSeries[]
  /** A cell in which the requests of a slice take longer sends fewer; ms. */
  readonly sliceMs: number
  /** So many requests of each operation for every worker, unless all of them take longer; ms. */
  readonly warmUp: { readonly requests: number; readonly limitMs: number }
  /** A population that would take longer to issue is left out; ms. */
  readonly fillLimitMs: number
  /** Longer than a series: nothing expires while it is counted as alive. */
  readonly ttlMs: number
}

type Axes = Readonly<Record<Sweep, readonly number[]>>

interface Extent {
  readonly axes: Axes
  readonly blocks: number
  /**
   * Among servers at most twice the smallest population: half of it is written above what lives, and half below. Connections
   * need enough for each of 64 to send several.
   */
  readonly requests: Readonly<Record<ScalingPhase['name'], number>>
  readonly warmUp: ScalingPlan['warmUp']
  readonly fillLimitMs: number
  readonly endsMs: Readonly<Record<ScalingPhase['name'], number>>
}

/** 2 500 requests of an operation had warmed a worker: from 350 µs of CPU time each to 45. */
const whole: Extent = {
  axes: { workers: [1, 2, 4, 8], population: [100, 1_000, 10_000, 100_000], connections: [1, 4, 16, 64] },
  blocks: 16,
  requests: { servers: 192, connections: 256 },
  warmUp: { requests: 2_560, limitMs: 13_000 },
  fillLimitMs: 80_000,
  endsMs: { servers: 35_000, connections: 41_000 },
}

const quick: Extent = {
  axes: { workers: [1, 2, 4], population: [100, 1_000, 10_000], connections: [1, 4, 64] },
  blocks: 8,
  requests: { servers: 96, connections: 128 },
  warmUp: { requests: 1_280, limitMs: 4_000 },
  fillLimitMs: 2_000,
  endsMs: { servers: 4_500, connections: 6_300 },
}

const centrePopulation = 1_000

export interface ScalingWishes {
  readonly quick: boolean
  readonly seed: number
  readonly workers: number
  readonly connections: number
}

/** Pure: the same wishes and arms give the same plan. */
export function makeScalingPlan(wishes: ScalingWishes, arms: readonly Arm[]): ScalingPlan {
  const { axes, blocks, requests, warmUp, fillLimitMs, endsMs } = wishes.quick ? quick : whole
  const phases = phasesOf({ axes, requests }, wishes).map((phase) => ({
    ...phase,
    endsMs: endsMs[phase.name],
  }))
  const order = (phase: ScalingPhase, seed: number) => {
    const random = seededRandom(seed)
    const names = phase.cells.map(({ name }) => name)
    return [phase.name, Array.from({ length: blocks }, () => shuffle(names, random))] as const
  }
  return {
    phases,
    series: arms.map((arm, index) => {
      const seed = (wishes.seed + index) >>> 0
      const blocksOf = Object.fromEntries(phases.map((phase) => order(phase, seed)))
      return { arm, seed, blocks: { servers: [], connections: [], ...blocksOf } }
    }),
    sliceMs: 100,
    warmUp,
    fillLimitMs,
    ttlMs: 600_000,
  }
}

/** Each sweep varies one thing about the centre, which has the workers and connections of the timing study. */
function phasesOf(
  { axes, requests }: Pick<Extent, 'axes' | 'requests'>,
  { workers, connections }: Pick<ScalingWishes, 'workers' | 'connections'>,
): readonly Omit<ScalingPhase, 'endsMs'>[] {
  const centre = { workers, connections, population: centrePopulation }
  const phase = (name: ScalingPhase['name'], sweeps: readonly Sweep[]) => {
    const around = sweeps.flatMap((sweep) =>
      axes[sweep].filter((size) => size !== centre[sweep]).map((size) => cell({ ...centre, [sweep]: size })),
    )
    const cells = [cell(centre), ...around]
    // A connection needs a request in every slice.
    return { name, sweeps, cells, requests: Math.max(requests[name], ...cells.map((one) => one.connections)) }
  }
  return [phase('servers', ['workers', 'population']), phase('connections', ['connections'])]
}

function cell(size: Readonly<Record<Sweep, number>>): ScalingCell {
  const { workers, connections, population } = size
  return {
    name: `${workers} workers, ${connections} connections, ${population} captchas`,
    workers,
    connections,
    population,
  }
}
