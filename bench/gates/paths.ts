import { checkNames } from '../checkers/check.js'
import {
  type FailuresResult,
  type GateResult,
  isQueue,
  isTold,
  isWait,
  type Metric,
  metrics,
  type Results,
  type StrategyResult,
  storeMetrics,
  type TimingResult,
  timingRow,
} from '../results.js'
import { type Operation, operations } from '../slices.js'
import { wilson } from '../statistics.js'

/** Where a figure of a strategy stands, as a gate names it. Pure. */
export interface Place {
  readonly path: string
  readonly unit: GateResult['unit']
  /** One of these must be run for it to be measured. */
  readonly studies: readonly ('timing' | 'correctness')[]
  /** It is a comparison with the run that `--baseline` names. */
  readonly isChange?: true
  /** It is made of ratios to the baseline of either run, which must be the same strategy. */
  readonly needsSameBaseline?: true
  /** It compares what an open loop is given. */
  readonly needsClosedLoop?: true
  /** It is made of what clients waited: nobody's where the pace of an open loop is not kept. */
  readonly isWait?: true
  /** @returns `undefined` where it was not measured */
  figure(strategy: StrategyResult, results: Results): Figure | undefined
}

export interface Figure {
  readonly value: number
  /** `null`: measured too little for one. */
  readonly interval: { readonly low: number; readonly high: number } | null
}

interface Compared {
  readonly operation: Operation
  readonly source: TimingResult['source']
  readonly metric: Metric
}

const units = { throughput: 'perSecond', p50Us: 'us', p99Us: 'us', cpuUsPerOp: 'us' } as const

const compared: readonly (Compared & { readonly names: readonly string[] })[] = operations.flatMap(
  (operation) => [
    ...metrics.map((metric) => ({
      operation,
      source: 'client' as const,
      metric,
      names: [`${operation}.${metric}`, `${operation}.client.${metric}`],
    })),
    ...storeMetrics.map((metric) => ({
      operation,
      source: 'store' as const,
      metric,
      names: [`${operation}.store.${metric}`],
    })),
  ],
)

const tallies = ['crossWorker', 'sameWorker', 'overall'] as const

function timed(cell: Compared & { readonly names: readonly string[] }): readonly Place[] {
  const studies = ['timing'] as const
  const wait = isWait(cell.source, cell.metric) ? { isWait: true as const } : {}
  const compares = isTold(cell.source, cell.metric, true) ? wait : { needsClosedLoop: true as const }
  return cell.names.flatMap((path): readonly Place[] => [
    { path, unit: units[cell.metric], studies, ...wait, figure: (strategy) => absolute(strategy, cell) },
    {
      path: `${path}.ratio`,
      unit: 'ratio',
      studies,
      ...compares,
      figure: (...found) => ratio(...found, cell),
    },
    {
      path: `${path}.change`,
      unit: 'ratio',
      studies,
      ...compares,
      isChange: true,
      figure: (...found) => estimated(change(...found, cell)),
    },
    {
      path: `${path}.ratio.change`,
      unit: 'ratio',
      studies,
      ...compares,
      isChange: true,
      needsSameBaseline: true,
      figure: (...found) => ratioChange(...found, cell),
    },
  ])
}

/** How many times as long as with the baseline: of throughput "more" would be the better. */
function plainRatio(operation: Operation): readonly Place[] {
  const cell = { operation, source: 'client', metric: 'p50Us', names: [operation] } as const
  return timed(cell).filter(({ path }) => path.startsWith(`${operation}.ratio`))
}

function refused(which: (typeof tallies)[number]): readonly Place[] {
  const known = {
    rate: (found: FailuresResult) => ({ value: found.rate, interval: found }),
    failures: ({ failures }: FailuresResult) => exactly(failures),
    attempts: ({ attempts }: FailuresResult) => exactly(attempts),
  }
  return Object.entries(known).map(([what, told]) => ({
    path: `verificationFailures.${which}.${what}`,
    unit: what === 'rate' ? 'share' : 'count',
    studies: ['timing', 'correctness'],
    figure({ correctness }) {
      const found = correctness?.verificationFailures[which]
      return found === undefined || found.attempts === 0 ? undefined : told(found)
    },
  }))
}

function checked(name: string): readonly Place[] {
  const known = {
    violations: (violations: number) => exactly(violations),
    attempts: (_violations: number, attempts: number) => exactly(attempts),
    rate: (violations: number, attempts: number) => proportion(violations, attempts),
  }
  return Object.entries(known).map(([what, told]) => ({
    path: `correctness.${name}.${what}`,
    unit: what === 'rate' ? 'share' : 'count',
    // The timing study's hand-offs exercise visibility as well.
    studies: name === 'visibility' ? ['timing', 'correctness'] : ['correctness'],
    figure({ correctness }) {
      const check = correctness?.checks.find((candidate) => candidate.name === name)
      if (check === undefined || check.verdict === 'unknown') return undefined
      return told(check.violations, check.attempts)
    },
  }))
}

/** Every path there is. */
export const places: ReadonlyMap<string, Place> = new Map(
  [
    ...compared.flatMap(timed),
    ...operations.flatMap(plainRatio),
    ...tallies.flatMap(refused),
    ...checkNames.flatMap(checked),
  ].map((place) => [place.path, place]),
)

/** Every path there is, in one line. */
export const pathsTold = [
  `${operations.join('|')}.${metrics.join('|')}`,
  `${operations.join('|')}.store.${storeMetrics.join('|')}`,
  'either of them with .ratio, .change or .ratio.change',
  `${operations.join('|')}.ratio|ratio.change`,
  `verificationFailures.${tallies.join('|')}.rate|failures|attempts`,
  `correctness.${checkNames.join('|')}.violations|attempts|rate`,
].join(', ')

function absolute({ timing }: StrategyResult, { operation, source, metric }: Compared): Figure | undefined {
  const row = timingRow(timing, operation, source)
  const value = row?.[metric] ?? null
  return row === undefined || row.slices === 0 || value === null || isQueue(row, metric)
    ? undefined
    : { value, interval: row.intervals[metric] }
}

function ratio(
  { name, timing }: StrategyResult,
  { run }: Results,
  { operation, source, metric }: Compared,
): Figure | undefined {
  const row = timingRow(timing, operation, source)
  if (row === undefined || row.slices === 0 || isQueue(row, metric)) return undefined
  // The baseline is its own measure.
  return name === run.baseline ? exactly(1) : estimated(row.ratios.find((one) => one.metric === metric))
}

function change({ name }: StrategyResult, { earlier }: Results, { operation, source, metric }: Compared) {
  return earlier?.changes.find(
    (one) =>
      one.strategy === name && one.operation === operation && one.source === source && one.metric === metric,
  )
}

function ratioChange(strategy: StrategyResult, results: Results, cell: Compared): Figure | undefined {
  const found = change(strategy, results, cell)
  // The baseline's ratio to itself is 1, then and now.
  return found && strategy.name === results.run.baseline ? exactly(1) : estimated(found?.ratio)
}

function estimated(
  found: { readonly value: number; readonly low: number; readonly high: number } | undefined,
): Figure | undefined {
  return found && { value: found.value, interval: found }
}

function exactly(value: number): Figure {
  return { value, interval: { low: value, high: value } }
}

/** A checker may find several violations in one attempt. */
function proportion(violations: number, attempts: number): Figure | undefined {
  const found = wilson(Math.min(violations, attempts), attempts)
  return attempts === 0 ? undefined : { value: found.rate, interval: found }
}
