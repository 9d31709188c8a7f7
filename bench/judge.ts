import { Value } from 'typebox/value'
import type { Shape } from './checkers/rungs.js'
import type { EarlierRun } from './earlier.js'
import type { Environment } from './environment.js'
import { judgeGates } from './gates.js'
import type { Isolation } from './isolation/record.js'
import { judgeCorrectness } from './judge/correctness.js'
import { compareRuns } from './judge/earlier.js'
import { judgeFindings } from './judge/findings.js'
import { recommend, stepsOf } from './judge/recommend.js'
import { judgeScaling } from './judge/scaling.js'
import { hear, type Statement, type Testimony, testimonyOf } from './judge/testimony.js'
import { createTimingJudge } from './judge/timing.js'
import { messageOf } from './message-of.js'
import type { MicroLine } from './micro/records.js'
import { noopName, type Plan, twinName } from './plan.js'
import { type ComparisonResult, type ControlsResult, Results, type StrategyResult } from './results.js'
import type { RunFolder } from './run-folder.js'
import type { ScalingLine } from './scaling/records.js'
import { type Outcome, outcomes, type SliceRecord, type TimingRecord } from './slices.js'

/** Judges a run from its raw files and writes results.json beside them. */
export async function judge(folder: RunFolder): Promise<Results> {
  const plan = await folder.readPlan()
  const environment = await folder.readEnvironment()
  const records = await folder.readTiming()
  const micro = await folder.readMicro()
  const scaling = await folder.readScaling()
  const isolation = await folder.readIsolation()
  const earlier = await folder.readEarlier()
  const testimonies = await hearTestimonies(folder, plan)
  const results = toResults({ plan, environment, records, micro, scaling, isolation, testimonies, earlier })
  await folder.writeText('results.json', `${JSON.stringify(results, null, 1)}\n`)
  return results
}

/** One history at a time: those of a thorough run have up to a million lines. */
async function hearTestimonies(folder: RunFolder, plan: Plan): Promise<ReadonlyMap<string, Testimony>> {
  const heard = new Map<string, Testimony>()
  if (plan.correctness === undefined) return heard
  for (const { name, skipped } of plan.entrants) {
    const statements: Statement[] = []
    if (skipped === undefined)
      for await (const history of folder.readHistories(name)) statements.push(hear(history))
    if (statements.length > 0) heard.set(name, testimonyOf(statements, plan))
  }
  return heard
}

export interface RawRun {
  readonly plan: Plan
  readonly environment: Environment
  readonly records: readonly TimingRecord[]
  readonly micro?: readonly MicroLine[]
  readonly scaling?: readonly ScalingLine[]
  readonly isolation?: readonly Isolation[]
  readonly earlier?: EarlierRun | undefined
  /** By strategy. */
  readonly testimonies?: ReadonlyMap<string, Testimony>
}

/** Pure: the promise of each strategy beside what was observed of it, and the whole beside what it is held against. */
export function toResults(raw: RawRun): Results {
  const observed = observe(raw)
  const { plan, earlier } = raw
  const results = { ...observed, ...(earlier && { earlier: compareRuns(observed, earlier) }) }
  return { ...results, ...(plan.gates && { gates: judgeGates(plan.gates, results) }) }
}

function observe({
  plan,
  environment,
  records,
  micro = [],
  scaling = [],
  isolation = [],
  testimonies = new Map(),
}: RawRun): Results {
  const slices = records.filter((record) => record.kind === 'slice')
  const measured = slices.filter(({ block }) => block >= 0)
  const timing = createTimingJudge(plan, measured)
  const end = records.find((record) => record.kind === 'end')
  const warmUps = records.filter((record) => record.kind === 'warm-up')
  const warmed = warmUps.flatMap(({ arms }) => Object.values(arms))
  const spread = warmUps.flatMap((record) => record.spread ?? [])
  const scalingOf = (name: string) => {
    const found = judgeScaling(plan, scaling, name)
    return found === undefined ? {} : { scaling: found }
  }
  const strategies = plan.entrants.map((entrant): StrategyResult => {
    const { name, summary, claims, exhibit, skipped } = entrant
    const known = { name, summary, claims, ...(exhibit && { exhibit }) }
    if (skipped !== undefined) return { ...known, skipped }
    const own = slices.filter(({ arm }) => arm === name)
    const failed = failureOf(name, records) ?? testimonies.get(name)?.failed
    return {
      ...known,
      ...(failed && { failed }),
      outcomes: sumOutcomes(own),
      correctness: judgeCorrectness(claims, {
        slices: own,
        testimony: testimonies.get(name),
        ...shapeOf(plan),
      }),
      timing: timing.of(name),
      ...microOf(name, micro),
      ...scalingOf(name),
    }
  })
  const recommendations = recommend(strategies, plan.baseline)
  return {
    schemaVersion: 1,
    run: {
      id: plan.runId,
      startedAt: plan.startedAt,
      wallSeconds: end?.wallSeconds ?? 0,
      seed: plan.seed,
      command: plan.command,
      studies: [
        ...(plan.experiments.length > 0 ? ['timing' as const] : []),
        ...(plan.micro ? ['micro' as const] : []),
        ...(plan.correctness ? ['correctness' as const] : []),
        ...(plan.scaling ? ['scaling' as const] : []),
      ],
      quick: plan.quick,
      partial: end?.partial ?? true,
      ...(plan.topology && { topology: plan.topology }),
      ...(plan.hosts && { hosts: plan.hosts }),
      workers: plan.workers,
      connections: plan.connections,
      ...(plan.openLoop && { rate: plan.openLoop.rate }),
      baseline: plan.baseline,
      launches: new Set(measured.map(({ launch }) => launch)).size,
      blocks: new Set(measured.map(({ launch, block }) => `${launch}:${block}`)).size,
      warmUps: {
        settled: warmed.filter(({ ended }) => ended === 'settled').length,
        cap: warmed.filter(({ ended }) => ended === 'cap').length,
        ...(spread.length > 0 && { spread: sum(spread) }),
      },
      measuringShare: Math.min(
        1,
        sum(measured.map(({ wallMs }) => wallMs)) / 1_000 / (end?.timingSeconds || Number.POSITIVE_INFINITY),
      ),
    },
    environment,
    strategies,
    controls: withFailures(withScaling(timing.controls(noopName), scalingOf(noopName)), records),
    ...(timing.comparison && { comparison: withBaseFailures(timing.comparison, records) }),
    ...(isolation.length > 0 && {
      isolation: isolation.map(({ crashes, ...rest }) => ({ ...rest, crashes: [...crashes] })),
    }),
    recommendations,
    rungSteps: stepsOf(recommendations),
    findings: judgeFindings(strategies, isolation),
  }
}

function shapeOf({ workers, topology, hosts }: Plan): Shape {
  return {
    workers: workers * (hosts ?? 1),
    ...(topology && { topology }),
    ...(hosts !== undefined && { hosts }),
  }
}

function withScaling(
  controls: ControlsResult,
  scaling: Pick<ControlsResult['noop'], 'scaling'>,
): ControlsResult {
  return { ...controls, noop: { ...controls.noop, ...scaling } }
}

/** A control that failed is said so: what it would have shown is missing. */
function withFailures(controls: ControlsResult, records: readonly TimingRecord[]): ControlsResult {
  const failed = [twinName, noopName].flatMap((name) => {
    const reason = failureOf(name, records)
    return reason === undefined ? [] : [`the control ${name} failed: ${reason}`]
  })
  return { ...controls, flags: [...controls.flags, ...failed] }
}

/** A base that failed leaves its pair with less, or nothing, to compare. */
function withBaseFailures(comparison: ComparisonResult, records: readonly TimingRecord[]): ComparisonResult {
  const pairs = comparison.pairs.map((pair) => {
    const failed = failureOf(pair.base, records)
    return failed === undefined ? pair : { ...pair, failed }
  })
  return { ...comparison, pairs }
}

function failureOf(name: string, records: readonly TimingRecord[]): string | undefined {
  for (const record of records) {
    if (record.kind === 'failure' && record.arm === name)
      return `launch ${record.launch + 1}: ${record.reason}`
  }
  return undefined
}

function microOf(name: string, lines: readonly MicroLine[]): Pick<StrategyResult, 'micro' | 'microGaps'> {
  const own = lines.filter(({ strategy }) => strategy === name)
  if (own.length === 0) return {}
  return {
    micro: own.flatMap((line) => {
      if (line.kind !== 'micro') return []
      const { kind: _kind, strategy: _strategy, ...figures } = line
      return [figures]
    }),
    microGaps: own.flatMap((line) =>
      line.kind === 'micro-gap' ? [{ population: line.population, reason: line.reason }] : [],
    ),
  }
}

function sumOutcomes(slices: readonly SliceRecord[]): Record<Outcome, number> {
  const total = (outcome: Outcome) => sum(slices.map((slice) => slice.outcomes[outcome]))
  return Object.fromEntries(outcomes.map((outcome) => [outcome, total(outcome)])) as Record<Outcome, number>
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

/**
 * Parses a results file at the door of every report.
 * @throws Error in one line that names the first field that does not fit
 */
export function parseResults(text: string): Results {
  const value = parsedJson(text)
  if (Value.Check(Results, value)) {
    checkNames(value)
    return value
  }
  const [first] = Value.Errors(Results, value)
  throw new Error(
    `results.json: expected ${first?.message ?? 'another shape'} at ${first?.instancePath || 'the top'}`,
  )
}

function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    // The parser quotes what it choked on, lines and all.
    const reason = messageOf(cause).replaceAll(/\s+/g, ' ')
    throw new Error(`results.json: expected JSON, got something else (${reason})`, { cause })
  }
}

/** Reports look strategies up by name. */
function checkNames({ strategies, run, recommendations }: Results): void {
  const names = new Set(strategies.map(({ name }) => name))
  if (names.size < strategies.length) throw new Error('results.json: expected every strategy once')
  const told = recommendations.flatMap(({ strategy, ties }) => [strategy, ...ties])
  const missing = [...(run.studies.includes('timing') ? [run.baseline] : []), ...told].find(
    (name) => !names.has(name),
  )
  if (missing !== undefined)
    throw new Error(`results.json: expected ${JSON.stringify(missing)} among its strategies`)
}
