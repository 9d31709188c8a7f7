import {
  type FailuresResult,
  isQueue,
  isTold,
  type Metric,
  type Results,
  type StrategyResult,
  type TimingResult,
  timingRow,
} from '../../results.js'
import { type Operation, operations } from '../../slices.js'

/** A figure as trend tools take it. */
export interface Measure {
  readonly strategy: string
  readonly operation: Operation
  readonly name: string
  readonly unit: string
  readonly better: 'bigger' | 'smaller'
  readonly value: number
  /** 95 %; absent where too little was measured for one. */
  readonly interval: { readonly low: number; readonly high: number } | undefined
  /** What it rests on. */
  readonly basis: string
}

interface Timed {
  readonly name: string
  readonly unit: string
  readonly source: TimingResult['source']
  readonly metric: Metric
  /** Units of the export in one of results.json. */
  readonly scale: number
}

/** Nanoseconds, in which benchmarks are told elsewhere. */
const timed: readonly Timed[] = [
  { name: 'throughput', unit: 'ops/s', source: 'client', metric: 'throughput', scale: 1 },
  { name: 'latency', unit: 'ns', source: 'client', metric: 'p50Us', scale: 1_000 },
  { name: 'latency-p99', unit: 'ns', source: 'client', metric: 'p99Us', scale: 1_000 },
  { name: 'cpu-time', unit: 'ns', source: 'client', metric: 'cpuUsPerOp', scale: 1_000 },
  { name: 'store-latency', unit: 'ns', source: 'store', metric: 'p50Us', scale: 1_000 },
]

/**
 * Every figure a trend may be kept of, in the order of the report. Ratios to the baseline are among them: they are paired
 * within their run, so that a trend of them does not follow the machine from day to day. Pure.
 */
export function measuresOf(results: Results): readonly Measure[] {
  return results.strategies.flatMap((strategy) =>
    operations.flatMap((operation) => [
      ...timed.flatMap((kind) => timedMeasures(results, strategy, operation, kind)),
      ...(operation === 'take' ? refusals(strategy) : []),
    ]),
  )
}

function timedMeasures(
  { run }: Results,
  { name: strategy, timing }: StrategyResult,
  operation: Operation,
  { name, unit, source, metric, scale }: Timed,
): readonly Measure[] {
  const row = timingRow(timing, operation, source)
  if (row === undefined || row.slices === 0) return []
  if (isQueue(row, metric) || !isTold(source, metric, run.rate !== undefined)) return []
  const better = metric === 'throughput' ? 'bigger' : 'smaller'
  const basis = `${row.samples} accepted answers in ${row.slices} slices`
  const common = { strategy, operation, better, basis } as const
  const [value, interval] = [row[metric], row.intervals[metric] ?? undefined]
  const ratio = row.ratios.find((one) => one.metric === metric)
  const scaled = interval && { low: interval.low * scale, high: interval.high * scale }
  return [
    ...(value === null ? [] : [{ ...common, name, unit, value: value * scale, interval: scaled }]),
    ...(ratio === undefined
      ? []
      : [
          {
            ...common,
            name: `${name}-ratio`,
            unit: `÷ ${run.baseline}`,
            value: ratio.value,
            interval: ratio,
          },
        ]),
  ]
}

const tallies = [
  ['refused-cross-worker', 'crossWorker'],
  ['refused-same-worker', 'sameWorker'],
] as const

function refusals({ name: strategy, correctness }: StrategyResult): readonly Measure[] {
  return tallies.flatMap(([name, which]) => {
    const found: FailuresResult | undefined = correctness?.verificationFailures[which]
    if (found === undefined || found.attempts === 0) return []
    return [
      {
        strategy,
        operation: 'take' as const,
        name,
        unit: '%',
        better: 'smaller' as const,
        value: found.rate * 100,
        interval: { low: found.low * 100, high: found.high * 100 },
        basis: `${found.failures} of ${found.attempts} takes`,
      },
    ]
  })
}
