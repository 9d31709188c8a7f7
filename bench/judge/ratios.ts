import { mergeLatencies } from '../histogram.js'
import type { Plan } from '../plan.js'
import { isTold, isWait, type Metric, metrics, type RatioResult, type TimingResult } from '../results.js'
import { type Operation, operations, type SliceRecord } from '../slices.js'
import { type Estimate, estimateRatios, holm, verdict } from '../statistics.js'
import { keepsPace } from './open-loop.js'

export type Source = TimingResult['source']
export const sources = ['client', 'store'] as const

/** One arm against another: one metric of one operation as one clock saw it. */
export interface Cell {
  readonly arm: string
  readonly baseline: string
  readonly operation: Operation
  readonly source: Source
  readonly metric: Metric
}

export interface Estimated {
  readonly cell: Cell
  readonly estimated: Estimate
}

/** The slices that count, and what two arms of them come to. */
export interface Ratios {
  /** Of one arm and operation, by launch and block. */
  slicesOf(arm: string, operation: Operation): readonly SliceRecord[]
  /** Whether it kept the pace of an open loop; in a closed one everybody does. */
  keeps(arm: string): boolean
  /** 99th percentiles by launch, µs. */
  tails(arm: string, operation: Operation, source: Source): ReadonlyMap<number, number>
  /** By `cellKey`: those of the cells for which there is enough to estimate a ratio. */
  estimate(cells: readonly Cell[]): ReadonlyMap<string, Estimated>
}

/** Pure: the plan's seed decides the resampling. */
export function createRatios(plan: Pick<Plan, 'seed'>, slices: readonly SliceRecord[]): Ratios {
  const sound = slices
    .filter((slice) => slice.void === undefined)
    .toSorted((a, b) => a.launch - b.launch || a.block - b.block)
  const byArm = groupBy(sound, ({ arm, operation }) => `${arm} ${operation}`)
  const keeping = new Set(
    [...groupBy(sound, ({ arm }) => arm)].flatMap(([arm, own]) => (keepsPace(own) ? arm : [])),
  )
  const knownTails = new Map<string, ReadonlyMap<number, number>>()

  function slicesOf(arm: string, operation: Operation): readonly SliceRecord[] {
    return byArm.get(`${arm} ${operation}`) ?? []
  }

  /** What a client waits where the pace is not kept is the length of a queue. */
  function isComparable({ arm, baseline, source, metric }: Cell): boolean {
    return !isWait(source, metric) || (keeping.has(arm) && keeping.has(baseline))
  }

  /** Log-ratios, at the place of their launch. Paired by block: what disturbs one arm's slice disturbs its neighbours', and leaves their quotient alone. */
  function logRatios(cell: Cell): number[][] {
    const { arm, baseline, operation, source, metric } = cell
    if (metric === 'p99Us') return tailLogRatios(cell)
    const theirs = new Map(slicesOf(baseline, operation).map((slice) => [blockKey(slice), slice]))
    const launches = emptyLaunches()
    for (const slice of slicesOf(arm, operation)) {
      const pair = theirs.get(blockKey(slice))
      const [mine, other] = [metricOf(slice, source, metric), pair && metricOf(pair, source, metric)]
      if (mine && other) launches[slice.launch]?.push(Math.log(mine / other))
    }
    return launches
  }

  /** A slice is too short for a 99th percentile: this one is of a whole launch, and launches are what it is estimated over. */
  function tailLogRatios({ arm, baseline, operation, source }: Cell): number[][] {
    const [ours, theirs] = [tails(arm, operation, source), tails(baseline, operation, source)]
    return emptyLaunches().map((_, launch) => {
      const [us, other] = [ours.get(launch), theirs.get(launch)]
      return us === undefined || other === undefined ? [] : [Math.log(us / other)]
    })
  }

  function emptyLaunches(): number[][] {
    return Array.from({ length: 1 + (sound.at(-1)?.launch ?? -1) }, () => [])
  }

  /** Kept: every rival is compared with the same baseline, and merging the histograms of a launch is most of the work. */
  function tails(arm: string, operation: Operation, source: Source): ReadonlyMap<number, number> {
    const key = `${arm} ${operation} ${source}`
    const known = knownTails.get(key)
    if (known !== undefined) return known
    const byLaunch = groupBy(slicesOf(arm, operation), ({ launch }) => launch)
    const found = new Map(
      [...byLaunch].flatMap(([launch, group]) => {
        const us = mergeLatencies(group.map((slice) => slice[source])).tailUs(0.99)
        return us === null ? [] : [[launch, us] as const]
      }),
    )
    knownTails.set(key, found)
    return found
  }

  /** All that was measured of one metric by one clock shares what is known of the luck of a launch. */
  function estimate(cells: readonly Cell[]): ReadonlyMap<string, Estimated> {
    const measured = cells.filter(isComparable).map((cell) => ({ cell, launches: logRatios(cell) }))
    const enough = measured.filter(({ launches }) => launches.flat().length >= 2)
    const families = groupBy(enough, ({ cell: { source, metric } }) => `${source} ${metric}`)
    const found = [...families.values()].flatMap((family) => {
      const rivals = family.map(({ cell: { arm, baseline, operation }, launches }) => ({
        server: arm,
        baseline,
        operation,
        launches,
      }))
      const estimates = estimateRatios(rivals, { seed: plan.seed })
      return family.flatMap(({ cell }, index) => {
        const estimated = estimates[index]
        return estimated === undefined ? [] : [[cellKey(cell), { cell, estimated }] as const]
      })
    })
    return new Map(found)
  }

  return { slicesOf, keeps: (arm) => keeping.has(arm), tails, estimate }
}

/** Every comparison handed over is one family: Holm's adjustment keeps its chance of any false verdict at 5 %. */
export function compare(found: readonly Estimated[]): ReadonlyMap<string, RatioResult> {
  const adjusted = holm(found.map(({ estimated }) => estimated.pValue))
  return new Map(
    found.map(({ cell, estimated }, index) => [
      cellKey(cell),
      toRatio(cell, estimated, adjusted[index] ?? 1),
    ]),
  )
}

function toRatio({ baseline, metric }: Cell, estimated: Estimate, adjustedP: number): RatioResult {
  const { value, low, high, detectable } = estimated
  const word = verdict({ estimate: estimated, adjustedP, higherIsBetter: metric === 'throughput' })
  return { baseline, metric, value, low, high, verdict: word, detectable }
}

export function cellsOf(pairs: readonly Pick<Cell, 'arm' | 'baseline'>[], isOpen: boolean): readonly Cell[] {
  const told = sources.flatMap((source) =>
    metrics.filter((metric) => isTold(source, metric, isOpen)).map((metric) => ({ source, metric })),
  )
  return pairs.flatMap((pair) =>
    operations.flatMap((operation) => told.map((rest) => ({ ...pair, operation, ...rest }))),
  )
}

/** Whom an arm is compared with, its key does not say: in one map every arm has one opponent. */
export function cellKey({ arm, operation, source, metric }: Omit<Cell, 'baseline'>): string {
  return `${arm} ${operation} ${source} ${metric}`
}

export function metricOf(slice: SliceRecord, source: Source, metric: Metric): number | null {
  if (metric === 'throughput') return slice.throughput
  if (metric === 'cpuUsPerOp') return slice.cpuUsPerOp
  return source === 'client' ? slice.clientP50Us : slice.storeP50Us
}

export function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group === undefined) groups.set(keyOf(item), [item])
    else group.push(item)
  }
  return groups
}

function blockKey({ launch, block }: SliceRecord): string {
  return `${launch}:${block}`
}
