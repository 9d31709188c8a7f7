import { mergeLatencies } from '../histogram.js'
import { noopName, type Plan, twinName } from '../plan.js'
import {
  type ComparisonResult,
  type ControlsResult,
  type Metric,
  metrics,
  type TimingResult,
  type TwinRatioResult,
} from '../results.js'
import { type Operation, operations, type SliceRecord } from '../slices.js'
import { type Estimate, estimateRatio, median, ranks } from '../statistics.js'
import { type Figures, judgeComparison } from './comparison.js'
import { flagsOf } from './flags.js'
import { judgeOpenLoop } from './open-loop.js'
import { cellKey, cellsOf, compare, createRatios, groupBy, metricOf, type Source, sources } from './ratios.js'

/** The no-op may drift this far between the halves of a run before the run counts as contaminated. */
const driftBound = 0.25

export interface TimingJudge {
  of(strategy: string): TimingResult[]
  controls(noop: string): ControlsResult
  /** Absent where nobody asked for one. */
  readonly comparison?: ComparisonResult
}

/** Pure: slices in, figures out; the plan's seed decides the resampling. */
export function createTimingJudge(plan: Plan, slices: readonly SliceRecord[]): TimingJudge {
  const { openLoop, comparison } = plan
  const ratios = createRatios(plan, slices)
  const { slicesOf, tails } = ratios
  const names = plan.entrants.filter(({ skipped }) => skipped === undefined).map(({ name }) => name)
  const against = (baseline: string, arms: readonly string[]) =>
    cellsOf(
      arms.map((arm) => ({ arm, baseline })),
      openLoop !== undefined,
    )
  const rivals = [...names, ...(comparison ? [] : [twinName]), noopName].filter(
    (arm) => arm !== plan.baseline,
  )
  const estimates = ratios.estimate(against(plan.baseline, rivals))
  const comparisons = compare([...estimates.values()].filter(({ cell }) => names.includes(cell.arm)))
  // Between two versions the twin is the base's: it belongs to the family of those comparisons.
  const paired = comparison && ratios.estimate(pairedCells())

  function pairedCells() {
    const pairs = comparison?.pairs ?? []
    return [
      ...pairs.flatMap(({ head, base }) => against(base, [head])),
      ...pairs.slice(0, 1).flatMap(({ base }) => against(base, [twinName])),
    ]
  }

  function estimate(launches: readonly (readonly number[])[]): Estimate | undefined {
    return launches.flat().length >= 2 ? estimateRatio(launches, { seed: plan.seed }) : undefined
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

  /** What needs no resampling. */
  function figuresOf(arm: string, operation: Operation, source: Source): Figures {
    const own = slicesOf(arm, operation)
    const latencies = mergeLatencies(own.map((slice) => slice[source]))
    return {
      p50Us: latencies.quantileUs(0.5),
      p99Us: latencies.tailUs(0.99),
      throughput: medianOf(own.map(({ throughput }) => throughput)),
      cpuUsPerOp: medianOf(own.flatMap(({ cpuUsPerOp }) => cpuUsPerOp ?? [])),
    }
  }

  function row(arm: string, operation: Operation, source: Source): TimingResult {
    const own = slicesOf(arm, operation)
    const latencies = mergeLatencies(own.map((slice) => slice[source]))
    const all = slices.filter((slice) => slice.arm === arm && slice.operation === operation)
    const paced = source === 'client' &&
      openLoop && { ...judgeOpenLoop(own, openLoop.rate), kept: ratios.keeps(arm) }
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
      const steady = ratios.keeps(noop) ? slicesOf(noop, operation) : []
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
    return cellsOf([{ arm: twinName, baseline: plan.baseline }], openLoop !== undefined).flatMap((cell) => {
      const found = (paired ?? estimates).get(cellKey(cell))
      if (found === undefined) return []
      const { operation, source, metric } = cell
      const { value, low, high, detectable } = found.estimated
      return [{ operation, source, metric, value, low, high, detectable }]
    })
  }

  return {
    of: rowsOf,
    controls,
    ...(comparison && paired && { comparison: judgeComparison(comparison, paired, figuresOf) }),
  }
}

function medianOf(numbers: readonly number[]): number | null {
  return numbers.length === 0 ? null : median(numbers)
}

function driftOf(figures: readonly number[]): number | undefined {
  const half = Math.floor(figures.length / 2)
  if (half === 0) return undefined
  return median(figures.slice(half)) / median(figures.slice(0, half))
}
