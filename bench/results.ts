import { type Static, Type } from 'typebox'
import { Comparison } from './results/comparison.js'
import { Correctness } from './results/correctness.js'
import { Earlier } from './results/earlier.js'
import { GateResult } from './results/gates.js'
import { metrics } from './results/metrics.js'
import { Recommendation, RungStep } from './results/recommendation.js'
import { Scaling } from './results/scaling.js'
import { count, literals, nullable, number, object, share } from './results/schema.js'

export { durabilities, rungs } from './checkers/rungs.js'
export type { ComparisonResult, PairResult, PairRow } from './results/comparison.js'
export { isCompared } from './results/comparison.js'
export type {
  CheckResult,
  CorrectnessResult,
  FailuresResult,
  PromiseResult,
  RungResult,
} from './results/correctness.js'
export { isClaimed, promisesMade } from './results/correctness.js'
export type { ChangeResult, EarlierResult } from './results/earlier.js'
export type { GateResult } from './results/gates.js'
export { operators } from './results/gates.js'
export { isQueue, isTold, isWait, type Metric, metrics, storeMetrics } from './results/metrics.js'
export type { Recommendation, RecommendedRatio, RungStep } from './results/recommendation.js'
export type { GrowthResult, ScalingMetric, ScalingResult, ScalingSweepResult } from './results/scaling.js'

/**
 * The shape of results.json: one schema for the types here, the check at the door of every report, and the JSON Schema
 * published as results/schema.json. Durations end in Us (microseconds), Ms or Seconds; rates are shares from 0 to 1;
 * throughput is requests per second. `null` means: could not be measured here.
 */

const Claims = object({
  scope: literals('process', 'threads', 'host', 'fleet'),
  singleUse: Type.Boolean(),
  survives: literals('nothing', 'worker-crash', 'restart', 'power-loss'),
})

const Interval = object({ low: number(), high: number() })

const Ratio = object({
  baseline: Type.String(),
  metric: literals(...metrics),
  /** strategy ÷ baseline of the same block: above 1 is better for throughput, below 1 for the others */
  value: number(),
  low: number(),
  high: number(),
  verdict: literals('faster', 'slower', 'equivalent', 'inconclusive'),
  /** Smallest relative difference this run could have told from none; 0.05 is 5 %. */
  detectable: number(),
})

/** Latencies of an open loop if they were counted from the moment of sending: the wait before it would be nobody's. */
const Uncorrected = object({
  p50Us: nullable(number()),
  p90Us: nullable(number()),
  p99Us: nullable(number()),
  p999Us: nullable(number()),
  maxUs: nullable(number()),
})

const OpenLoop = object({
  /** Requests per second that were due, and that were answered; the rest of the row counts from when they were due. */
  rate: number(),
  achieved: nullable(number()),
  sent: count(),
  /** Of these, sent more than 1 ms after they were due. */
  late: count(),
  /** Never sent; with any of them, latencies are those of the luckier requests. */
  dropped: count(),
  /** Whether the strategy dropped at most 1 % over all operations: else its latencies are compared with nobody's. */
  kept: Type.Boolean(),
  /** Of the typical slice: 99th percentile of how late requests were for which a connection stood free. */
  pacerLagP99Us: nullable(number()),
  uncorrected: Uncorrected,
})

const Timing = object({
  operation: literals('write', 'read', 'take'),
  source: literals('client', 'store'),
  p50Us: nullable(number()),
  p90Us: nullable(number()),
  p95Us: nullable(number()),
  p99Us: nullable(number()),
  p999Us: nullable(number()),
  maxUs: nullable(number()),
  /** Median over slices; the same in both rows of an operation, as is `cpuUsPerOp`. */
  throughput: nullable(number()),
  cpuUsPerOp: nullable(number()),
  /** 95 % intervals of the typical slice, by metric. */
  intervals: object({
    throughput: nullable(Interval),
    p50Us: nullable(Interval),
    p99Us: nullable(Interval),
    cpuUsPerOp: nullable(Interval),
  }),
  /** Of accepted answers, which alone have a latency here. */
  samples: count(),
  slices: count(),
  voidSlices: count(),
  /** Of the client's rows of an open loop, where latencies count from the moment a request was due. */
  openLoop: Type.Optional(OpenLoop),
  /** Place by throughput among the strategies; those whose intervals overlap share one. `null` in an open loop. */
  rank: nullable(count()),
  /** HdrHistogram V2, compressed, base64, nanoseconds. */
  histogram: Type.String(),
  ratios: Type.Array(Ratio),
})

const Micro = object({
  operation: literals('write', 'read', 'take'),
  /** Live captchas in the store while it was timed alone. */
  population: count(),
  p50Ns: number(),
  p99Ns: number(),
  samples: count(),
  /** Why the clock is too coarse for it. */
  warning: Type.Optional(Type.String()),
})

const Strategy = object({
  name: Type.String(),
  summary: Type.String(),
  claims: Claims,
  exhibit: Type.Optional(Type.String()),
  skipped: Type.Optional(Type.String()),
  /** Why its measurement is incomplete. */
  failed: Type.Optional(Type.String()),
  /** Answers to all its requests by outcome. */
  outcomes: Type.Optional(Type.Record(Type.String(), count())),
  correctness: Type.Optional(Correctness),
  timing: Type.Optional(Type.Array(Timing)),
  micro: Type.Optional(Type.Array(Micro)),
  /** Populations the micro study left out, each with its reason. */
  microGaps: Type.Optional(Type.Array(object({ population: count(), reason: Type.String() }))),
  scaling: Type.Optional(Scaling),
})

const TwinRatio = object({
  operation: literals('write', 'read', 'take'),
  source: literals('client', 'store'),
  metric: literals(...metrics),
  value: number(),
  low: number(),
  high: number(),
  detectable: number(),
})

const Controls = object({
  twin: object({ ratios: Type.Array(TwinRatio) }),
  noop: object({
    timing: Type.Array(Timing),
    /** Second half of the blocks ÷ the first half, by operation: median throughput, or in an open loop median p50. */
    drift: Type.Array(object({ operation: literals('write', 'read', 'take'), ratio: number() })),
    /** What HTTP and the harness cost with size. */
    scaling: Type.Optional(Scaling),
  }),
  contaminated: Type.Boolean(),
  /** How far the no-op may drift before the run counts as contaminated, as a share. */
  driftBound: number(),
  flags: Type.Array(Type.String()),
})

const Environment = object({
  cpu: Type.String(),
  cores: count(),
  memoryBytes: count(),
  system: Type.String(),
  node: Type.String(),
  crossworker: Type.String(),
  libraries: Type.Record(Type.String(), Type.String()),
  /** Network engines that strategies use. `given`: the user's, whose CPU time is in no figure. */
  engines: Type.Optional(
    Type.Array(
      object({
        engine: literals('redis', 'postgres'),
        version: Type.String(),
        origin: literals('own', 'given'),
      }),
    ),
  ),
  loadAverage: number(),
  steal: nullable(number()),
})

const Isolation = object({
  topology: literals('processes', 'threads'),
  workers: count(),
  /** An exception nobody caught, or a kill, in one worker: how many of the others answered afterwards. */
  crashes: Type.Array(object({ how: literals('throw', 'die'), others: count(), unharmed: count() })),
  /** While all workers computed at once. */
  coresUsed: nullable(number()),
  /** Open connections of all workers, and those in the descriptor tables of several. */
  connections: nullable(object({ open: count(), shared: count() })),
})

export const Results = object({
  schemaVersion: Type.Literal(1),
  run: object({
    id: Type.String(),
    startedAt: Type.String(),
    wallSeconds: number(),
    seed: count(),
    command: Type.String(),
    studies: Type.Array(literals('timing', 'micro', 'correctness', 'scaling')),
    quick: Type.Boolean(),
    /** Ended early: by Ctrl-C, or by a failure named in `strategies[].failed`. */
    partial: Type.Boolean(),
    /** Absent: processes of one host. */
    topology: Type.Optional(literals('processes', 'threads')),
    hosts: Type.Optional(count()),
    /** Of each host. */
    workers: count(),
    connections: count(),
    /** Requests per second of an open loop; absent in a closed one. */
    rate: Type.Optional(count()),
    baseline: Type.String(),
    launches: count(),
    blocks: count(),
    warmUps: object({
      /** Arms whose warm-up ended because two windows agreed, and because its time was up. */
      settled: count(),
      cap: count(),
      /** Servers whose workers each stayed on one processor; absent in results from before any did. */
      spread: Type.Optional(count()),
    }),
    /** Share of the timing study's time spent inside slices of its blocks. */
    measuringShare: share(),
  }),
  environment: Environment,
  strategies: Type.Array(Strategy),
  controls: Controls,
  /** Of two versions in the same blocks; absent in every other run. */
  comparison: Type.Optional(Comparison),
  /** What workers do to one another, of each topology; absent when the correctness study was not run. */
  isolation: Type.Optional(Type.Array(Isolation)),
  /** By rung, then by durability. Empty when the timing study or the correctness study was not run. */
  recommendations: Type.Array(Recommendation),
  rungSteps: Type.Array(RungStep),
  /** This run beside the one that `--baseline` named; absent without one. */
  earlier: Type.Optional(Earlier),
  /** Conditions of `--fail-on`; absent without any. */
  gates: Type.Optional(Type.Array(GateResult)),
  findings: Type.Array(
    object({
      claim: Type.String(),
      measured: Type.String(),
      verdict: literals('confirmed', 'refuted', 'undecided'),
    }),
  ),
})

export type Results = Static<typeof Results>
export type StrategyResult = Static<typeof Strategy>
export type TimingResult = Static<typeof Timing>
export type OpenLoopResult = Static<typeof OpenLoop>
export type RatioResult = Static<typeof Ratio>
export type ControlsResult = Static<typeof Controls>
export type TwinRatioResult = Static<typeof TwinRatio>

/** The schema as it is published in results/schema.json. */
export function schemaText(): string {
  const head = { $schema: 'https://json-schema.org/draft/2020-12/schema', title: 'crossworker results' }
  return `${JSON.stringify({ ...head, ...Results }, null, 1)}\n`
}

/** Strategies that are no exhibits and were seen to break what they claim. */
export function brokenClaims(strategies: readonly StrategyResult[]): readonly StrategyResult[] {
  return strategies.filter(
    ({ exhibit, correctness }) => exhibit === undefined && correctness?.verdict === 'invalid',
  )
}

/** The row of one operation as one clock saw it. */
export function timingRow(
  timing: readonly TimingResult[] | undefined,
  operation: TimingResult['operation'],
  source: TimingResult['source'],
): TimingResult | undefined {
  return timing?.find((row) => row.operation === operation && row.source === source)
}
