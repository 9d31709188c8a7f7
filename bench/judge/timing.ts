import { mergeLatencies } from '../histogram.js'
import { noopName, type Plan, twinName } from '../plan.js'
import {
  type ControlsResult,
  type Metric,
  metrics,
  type RatioResult,
  type TimingResult,
  type TwinRatioResult,
} from '../results.js'
import { type Operation, operations, type SliceRecord } from '../slices.js'
import { type Estimate, estimateRatio, estimateRatios, holm, median, ranks, verdict } from '../statistics.js'
import { flagsOf } from './flags.js'
import { judgeOpenLoop, keepsPace } from './open-loop.js'

type Source = TimingResult['source']
const sources = ['client', 'store'] as const

/** The no-op may drift this far between the halves of a run before the run counts as contaminated. */
const driftBound = 0.25

export interface TimingJudge {
  of(strategy: string): TimingResult[]
  controls(noop: string): ControlsResult
}

interface Cell {
  readonly arm: string
  readonly operation: Operation
  readonly source: Source
  readonly metric: Metric
}

/** Pure: slices in, figures out; the plan's seed decides the resampling. */
export function createTimingJudge(plan: Plan, slices: readonly SliceRecord[]): TimingJudge {
  const sound = slices
    .filter((slice) => slice.void === undefined)
    .toSorted((a, b) => a.launch - b.launch || a.block - b.block)
  const openLoop = plan.openLoop
  const byArm = groupBy(sound, ({ arm, operation }) => `${arm} ${operation}`)
  const names = plan.entrants.filter(({ skipped }) => skipped === undefined).map(({ name }) => name)
  const keeping = new Set(
    [...groupBy(sound, ({ arm }) => arm)].flatMap(([arm, own]) => (keepsPace(own) ? arm : [])),
  )
  const knownTails = new Map<string, ReadonlyMap<number, number>>()
  const estimates = estimateAll()
  const comparisons = compareAll()

  function slicesOf(arm: string, operation: Operation): readonly SliceRecord[] {
    return byArm.get(`${arm} ${operation}`) ?? []
  }

  /** What a client waits where the pace is not kept is the length of a queue. */
  function isComparable({ arm, source, metric }: Cell): boolean {
    const isWait = source === 'client' && (metric === 'p50Us' || metric === 'p99Us')
    return !isWait || (keeping.has(arm) && keeping.has(plan.baseline))
  }

  /** Log-ratios by launch. Paired by block: what disturbs one arm's slice disturbs its neighbours', and leaves their quotient alone. */
  function logRatios({ arm, operation, source, metric }: Cell): number[][] {
    if (metric === 'p99Us') return tailLogRatios(arm, operation, source)
    const baseline = new Map(slicesOf(plan.baseline, operation).map((slice) => [blockKey(slice), slice]))
    const launches = new Map<number, number[]>()
    for (const slice of slicesOf(arm, operation)) {
      const pair = baseline.get(blockKey(slice))
      const [mine, theirs] = [metricOf(slice, source, metric), pair && metricOf(pair, source, metric)]
      if (!mine || !theirs) continue
      launches.set(slice.launch, [...(launches.get(slice.launch) ?? []), Math.log(mine / theirs)])
    }
    return [...launches.values()]
  }

  /** A slice is too short for a 99th percentile: this one is of a whole launch, and launches are what it is estimated over. */
  function tailLogRatios(arm: string, operation: Operation, source: Source): number[][] {
    const theirs = tails(plan.baseline, operation, source)
    return [...tails(arm, operation, source)].flatMap(([launch, us]) => {
      const other = theirs.get(launch)
      return other === undefined ? [] : [[Math.log(us / other)]]
    })
  }

  /** Kept: every rival is compared with the same baseline, and merging the histograms of a launch is most of the work. */
  function tails(arm: string, operation: Operation, source: Source): ReadonlyMap<number, number> {
    const key = cellKey({ arm, operation, source, metric: 'p99Us' })
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

  function estimate(launches: readonly (readonly number[])[]): Estimate | undefined {
    return launches.flat().length >= 2 ? estimateRatio(launches, { seed: plan.seed }) : undefined
  }

  /** The arms of one operation and metric share what they know of the luck of a launch. */
  function estimateAll(): ReadonlyMap<string, { readonly cell: Cell; readonly estimated: Estimate }> {
    const rivals = [...names, twinName, noopName].filter((arm) => arm !== plan.baseline)
    const cells = cellsOf(rivals, openLoop !== undefined).filter(isComparable)
    const measured = cells.map((cell) => ({ cell, logs: logRatios(cell) }))
    const enough = measured.filter(({ logs }) => logs.flat().length >= 2)
    const families = groupBy(enough, ({ cell }) => cellKey({ ...cell, arm: '' }))
    const found = [...families.values()].flatMap((family) => {
      const estimates = estimateRatios(
        family.map(({ logs }) => logs),
        { seed: plan.seed },
      )
      return family.flatMap(({ cell }, index) => {
        const estimated = estimates[index]
        return estimated === undefined ? [] : [[cellKey(cell), { cell, estimated }] as const]
      })
    })
    return new Map(found)
  }

  /** Every comparison of the run is one family: Holm's adjustment keeps its chance of any false verdict at 5 %. */
  function compareAll(): ReadonlyMap<string, RatioResult> {
    const found = [...estimates.values()].filter(({ cell }) => names.includes(cell.arm))
    const adjusted = holm(found.map(({ estimated }) => estimated.pValue))
    return new Map(
      found.map(({ cell, estimated }, index) => [
        cellKey(cell),
        toRatio(cell, estimated, adjusted[index] ?? 1),
      ]),
    )
  }

  function toRatio({ metric }: Cell, estimated: Estimate, adjustedP: number): RatioResult {
    const { value, low, high, detectable } = estimated
    const word = verdict({ estimate: estimated, adjustedP, higherIsBetter: metric === 'throughput' })
    return { baseline: plan.baseline, metric, value, low, high, verdict: word, detectable }
  }

  function interval(arm: string, operation: Operation, source: Source, metric: Metric) {
    const found = estimate(logsOf(arm, operation, source, metric))
    return found === undefined ? null : { low: found.low, high: found.high }
  }

  /** By launch: one number a slice, or for the tail one number a launch. */
  function logsOf(arm: string, operation: Operation, source: Source, metric: Metric): number[][] {
    if (metric === 'p99Us') return [...tails(arm, operation, source).values()].map((us) => [Math.log(us)])
    const byLaunch = groupBy(slicesOf(arm, operation), ({ launch }) => launch)
    return [...byLaunch.values()].map((group) =>
      group.flatMap((slice) => {
        const value = metricOf(slice, source, metric)
        return value ? [Math.log(value)] : []
      }),
    )
  }

  function row(arm: string, operation: Operation, source: Source): TimingResult {
    const own = slicesOf(arm, operation)
    const latencies = mergeLatencies(own.map((slice) => slice[source]))
    const all = slices.filter((slice) => slice.arm === arm && slice.operation === operation)
    const paced = source === 'client' &&
      openLoop && { ...judgeOpenLoop(own, openLoop.rate), kept: keeping.has(arm) }
    return {
      operation,
      source,
      p50Us: latencies.quantileUs(0.5),
      p90Us: latencies.quantileUs(0.9),
      p95Us: latencies.quantileUs(0.95),
      p99Us: latencies.tailUs(0.99),
      p999Us: latencies.tailUs(0.999),
      maxUs: latencies.maxUs(),
      throughput: medianOf(own.map(({ throughput }) => throughput)),
      cpuUsPerOp: medianOf(own.flatMap(({ cpuUsPerOp }) => cpuUsPerOp ?? [])),
      intervals: {
        throughput: interval(arm, operation, source, 'throughput'),
        p50Us: interval(arm, operation, source, 'p50Us'),
        p99Us: interval(arm, operation, source, 'p99Us'),
        cpuUsPerOp: interval(arm, operation, source, 'cpuUsPerOp'),
      },
      samples: latencies.count,
      slices: own.length,
      voidSlices: all.length - own.length,
      ...(paced && { openLoop: paced }),
      rank: rankOf(arm, operation),
      histogram: latencies.encode(),
      ratios: metrics.flatMap((metric) => comparisons.get(cellKey({ arm, operation, source, metric })) ?? []),
    }
  }

  /** The baseline is its own ratio of exactly 1. */
  function rankOf(arm: string, operation: Operation): number | null {
    if (openLoop !== undefined) return null
    const intervals = names.flatMap((name) => {
      const found = comparisons.get(cellKey({ arm: name, operation, source: 'client', metric: 'throughput' }))
      if (name === plan.baseline) return [{ name, value: 1, low: 1, high: 1 }]
      return found === undefined ? [] : [{ name, value: found.value, low: found.low, high: found.high }]
    })
    const index = intervals.findIndex(({ name }) => name === arm)
    return ranks(intervals, true)[index] ?? null
  }

  const rowsOf = (arm: string) =>
    operations.flatMap((operation) => sources.map((source) => row(arm, operation, source)))

  function controls(noop: string): ControlsResult {
    const drifting = openLoop === undefined ? 'throughput' : 'p50Us'
    const drift = operations.flatMap((operation) => {
      const steady = keeping.has(noop) ? slicesOf(noop, operation) : []
      const figures = steady.flatMap((slice) => metricOf(slice, 'client', drifting) ?? [])
      const ratioOfHalves = driftOf(figures)
      return ratioOfHalves === undefined ? [] : [{ operation, ratio: ratioOfHalves }]
    })
    return {
      twin: { ratios: twinRatios() },
      noop: { timing: rowsOf(noop), drift },
      contaminated: drift.some(({ ratio: moved }) => Math.abs(Math.log(moved)) > Math.log(1 + driftBound)),
      driftBound,
      flags: [
        ...flagsOf(slices),
        ...(drift.length === 0
          ? [
              `the no-op store was not measured${openLoop ? ', or did not keep the pace' : ''}: nobody knows whether the run is contaminated`,
            ]
          : []),
      ],
    }
  }

  function twinRatios(): TwinRatioResult[] {
    return cellsOf([twinName], openLoop !== undefined).flatMap((cell) => {
      const found = estimates.get(cellKey(cell))
      if (found === undefined) return []
      const { operation, source, metric } = cell
      const { value, low, high, detectable } = found.estimated
      return [{ operation, source, metric, value, low, high, detectable }]
    })
  }

  return { of: rowsOf, controls }
}

/**
 * Throughput and CPU time are the server's as a whole; the store's own clock knows only latencies. An open loop's throughput
 * is given, and compares with nothing.
 */
function cellsOf(arms: readonly string[], isOpen: boolean): readonly Cell[] {
  const compared = metrics.filter((metric) => !isOpen || metric !== 'throughput')
  const client = compared.map((metric) => ({ source: 'client' as const, metric }))
  const store = (['p50Us', 'p99Us'] as const).map((metric) => ({ source: 'store' as const, metric }))
  return arms.flatMap((arm) =>
    operations.flatMap((operation) => [...client, ...store].map((rest) => ({ arm, operation, ...rest }))),
  )
}

function groupBy<T, K>(items: readonly T[], keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>()
  for (const item of items) {
    const group = groups.get(keyOf(item))
    if (group === undefined) groups.set(keyOf(item), [item])
    else group.push(item)
  }
  return groups
}

function cellKey({ arm, operation, source, metric }: Cell): string {
  return `${arm} ${operation} ${source} ${metric}`
}

function blockKey({ launch, block }: SliceRecord): string {
  return `${launch}:${block}`
}

function metricOf(slice: SliceRecord, source: Source, metric: Metric): number | null {
  if (metric === 'throughput') return slice.throughput
  if (metric === 'cpuUsPerOp') return slice.cpuUsPerOp
  return source === 'client' ? slice.clientP50Us : slice.storeP50Us
}

function medianOf(numbers: readonly number[]): number | null {
  return numbers.length === 0 ? null : median(numbers)
}

function driftOf(figures: readonly number[]): number | undefined {
  const half = Math.floor(figures.length / 2)
  if (half === 0) return undefined
  return median(figures.slice(half)) / median(figures.slice(0, half))
}
