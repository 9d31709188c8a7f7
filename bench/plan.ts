import type { Engine, Topology } from '../src/strategy.js'
import { full, glance, type Intensity } from './correctness/task.js'
import type { Gate } from './gates.js'
import type { Options } from './options.js'
import type { Entrant } from './roster.js'
import { makeScalingPlan, type ScalingPlan } from './scaling/plan.js'
import { operations } from './slices.js'
import { seededRandom, shuffle } from './statistics.js'

/** One server of a launch: a strategy, the baseline's twin, or the no-op store. */
export interface Arm {
  readonly name: string
  readonly role: 'strategy' | 'twin' | 'noop'
  readonly module: string
  /** Network engines it needs; none, unless told. */
  readonly engines?: readonly Engine[]
  /** Whose server program is started; this working copy's, unless told. */
  readonly version?: 'base'
  /** Main module of a server program of its own, from the package's root; the version's, unless told. */
  readonly entry?: string
}

/** One cell of the plan: a launch, fresh servers and their blocks. */
export interface Experiment {
  readonly study: 'timing'
  readonly launch: number
  readonly seed: number
  /** In the order they are started: the first to start must not be the same in every launch. */
  readonly arms: readonly Arm[]
  /** The order of the arms in each block; an arm's slices of one block follow one another. */
  readonly blocks: readonly (readonly string[])[]
  /** No block but the first ends later than about this after the launch began, unless there turns out to be room for fewer launches; ms. */
  readonly limitMs: number
}

/** The whole run as plain JSON: everything later stages need to know of what was intended. */
export interface Plan {
  readonly runId: string
  readonly startedAt: string
  readonly command: string
  readonly seed: number
  readonly quick: boolean
  /** Of each host. */
  readonly workers: number
  /** How the workers of one host live; each in a process of its own, unless told. */
  readonly topology?: Topology
  /** Clusters with a data directory each, of as many workers each; 1 unless told. */
  readonly hosts?: number
  readonly connections: number
  /** Meant for the timing study and the correctness study together. */
  readonly budgetSeconds: number
  readonly ttlMs: number
  readonly sliceMs: number
  /** Slices of all arms have as many requests as the slowest's; otherwise one that is slower by half has fewer than the others. */
  readonly evenSlices?: true
  /** Absent in a closed loop. */
  readonly openLoop?: OpenLoopPlan
  /** An arm's ends when two of its windows of 100 ms agree, at the earliest after `minWindows` and enough captchas; everybody's after `limitMs`. */
  readonly warmUp: { readonly minWindows: number; readonly limitMs: number }
  readonly baseline: string
  readonly entrants: readonly Entrant[]
  /** Absent unless two versions are compared. */
  readonly comparison?: ComparisonPlan
  /** Absent when the micro study is not asked for. */
  readonly micro?: MicroPlan
  /** Absent when the correctness study is not asked for. */
  readonly correctness?: CorrectnessPlan
  /** Absent when the scaling study is not asked for. */
  readonly scaling?: ScalingPlan
  /** Conditions under which the run fails; absent without any. */
  readonly gates?: readonly Gate[]
  /** Launches of the timing study. */
  readonly experiments: readonly Experiment[]
}

/** Two versions of each strategy in the same blocks; the entrants are the head's. */
export interface ComparisonPlan {
  readonly base: { readonly ref: string; readonly commit: string }
  readonly head: { readonly commit: string; readonly isChanged: boolean }
  readonly pairs: readonly PairPlan[]
  /** Strategies that the base lacks: measured, compared with nothing. */
  readonly added: readonly string[]
  /** The share of a base's time per request that its head may take more; nothing: every slower head is too slow. */
  readonly maxSlowdown?: number
}

/** The names of a strategy's two arms; that of the head is the strategy's. */
export interface PairPlan {
  readonly head: string
  readonly base: string
  /** What the base's server is told: a name or a path. */
  readonly baseModule: string
}

/** An even pace instead of connections that each wait for their answer. */
export interface OpenLoopPlan {
  /** Requests per second. */
  readonly rate: number
  /** Per slice. */
  readonly requests: number
}

/** What each store is timed at, alone. */
export interface MicroPlan {
  readonly populations: readonly number[]
  readonly timeMs: number
  readonly fillLimitMs: number
}

/** How every strategy is looked at. */
export interface CorrectnessPlan extends Intensity {
  /** Strategies looked at side by side: nothing is timed, and most of the time is waiting. */
  readonly strategiesAtOnce: number
}

export interface Occasion {
  readonly startedAt: Date
  readonly command: string
  /** Path of the no-op control's module, from the package's root. */
  readonly noopModule: string
  /** Two versions in one run. */
  readonly comparison?: ComparisonPlan
}

/** No slice takes less than this share of the time meant for it: more blocks than that never fit into a launch's time. */
const fastestShare = 0.5

/**
 * Short: disturbances here outlast a slice, so more blocks tell more than longer slices (sd of a block's log-ratio 0.28 at
 * 1 000 requests, 0.37 at 200).
 */
const closedSliceMs = 25

/** Longer than a stall worth finding (a checkpoint, a lock that is waited for): what queued up behind it must still be due. */
const openSliceMs = 250

export const twinName = 'twin'
export const noopName = 'noop'

/** Turns wishes into experiments. Pure: the same options, roster, seed and occasion give the same plan. */
export function makePlan(options: Options, entrants: readonly Entrant[], occasion: Occasion): Plan {
  const { seed, quick, topology, hosts, workers, connections } = options
  const openLoop = openLoopOf(options)
  const sliceMs = openLoop ? (openLoop.requests * 1_000) / openLoop.rate : closedSliceMs
  const baseline = entrants.find(({ module }) => module === options.reference)?.name ?? options.reference
  const { comparison } = occasion
  const arms = armsOf(entrants, { baseline, ...occasion })
  const correctness = options.studies.includes('correctness') ? correctnessPlan(options) : undefined
  const running = entrants.filter(({ skipped }) => skipped === undefined)
  const budgetSeconds = options.budgetSeconds ?? usualSeconds(quick, arms.length - 2)
  const budgetMs = (budgetSeconds - 4) * 1_000 - (correctness ? reservedMs(correctness, running) : 0)
  const minWindows = quick ? 8 : 11
  const preparingMs = arms.length * preparationMs(hosts * workers, minWindows)
  const launches = options.studies.includes('timing') ? launchesFor(budgetMs / preparingMs, quick) : 0
  const limitMs = Math.floor(budgetMs / Math.max(1, launches))
  const warmUpShare = quick ? 0.3 : 0.45
  // Of a launch as long as it may become: see `launchesThatFit`.
  const longestMs = Math.min(limitMs * 2, budgetMs / Math.min(Math.max(1, launches), fewestLaunches))
  const warmUp = { minWindows, limitMs: Math.floor(longestMs * warmUpShare) }
  const blocks = Math.ceil(limitMs / (operations.length * arms.length * sliceMs * fastestShare))
  return {
    runId: runIdOf(occasion, quick),
    startedAt: occasion.startedAt.toISOString(),
    command: occasion.command,
    seed,
    quick,
    topology,
    hosts,
    workers,
    connections,
    budgetSeconds,
    ttlMs: 120_000,
    sliceMs,
    ...(openLoop && { openLoop }),
    warmUp,
    baseline,
    entrants,
    ...(comparison && { comparison }),
    ...(options.studies.includes('micro') && { micro: quick ? quickMicro : wholeMicro }),
    ...(correctness && { correctness }),
    ...(options.studies.includes('scaling') && {
      scaling: makeScalingPlan(
        options,
        arms.filter(({ role }) => role !== 'twin'),
      ),
    }),
    ...(options.failOn.length > 0 && { gates: options.failOn }),
    experiments: Array.from({ length: launches }, (_, launch) => ({
      study: 'timing' as const,
      launch,
      seed: (seed + launch) >>> 0,
      arms: shuffle(arms, seededRandom((seed + launch) >>> 0)),
      blocks: blocksOf(arms, blocks, (seed + launch) >>> 0),
      limitMs,
    })),
  }
}

function runIdOf({ startedAt, comparison }: Occasion, quick: boolean): string {
  const time = startedAt.toISOString().slice(0, 19).replaceAll(':', '-')
  return `${time}${comparison ? '-ab' : ''}${quick ? '-quick' : ''}`
}

function correctnessPlan({ thorough, captchas, races, faults }: Options): CorrectnessPlan {
  const usual = thorough ? full : glance
  return {
    ...usual,
    strategiesAtOnce: thorough ? 1 : 3,
    ...(captchas !== undefined && { captchas }),
    ...(races !== undefined && { races }),
    ...(faults !== undefined && { faultsPerKind: faults }),
  }
}

/** The default run compares six strategies; each further one has servers to start, to warm up and to look at. */
function usualSeconds(quick: boolean, strategies: number): number {
  const further = Math.max(0, strategies - 6)
  return quick ? 35 + 5 * further : 176 + 28 * further
}

/**
 * What the correctness study takes from the time of a run that also measures: 8 s of two cores for each strategy, 17 with an
 * engine or alone, and 10 s for what is looked at once and for judging.
 */
function reservedMs({ strategiesAtOnce }: CorrectnessPlan, running: readonly Entrant[]): number {
  const looks = running.map(({ engines = [] }) => (engines.length > 0 ? 17_000 : 8_000))
  const total = looks.reduce((sum, ms) => sum + ms, 0)
  return 10_000 + (running.length < strategiesAtOnce ? Math.max(20_000, total) : total)
}

/** Time to start a server with so many workers and to warm it up; measured on 2 cores, where starting is all CPU time. */
export function preparationMs(workers: number, minWindows: number): number {
  return 160 * workers + 105 * minWindows
}

/**
 * As many launches as leave three times as much time for measuring as they take to prepare; it is a third of that where starting
 * and compiling cost twice what they did when that was measured, and with half as much to begin with no server there got warm. After
 * ten one more changes little; a quick run cannot afford more than its first few.
 */
function launchesFor(preparationsInBudget: number, quick: boolean): number {
  if (quick) return Math.min(3, Math.max(1, Math.floor(preparationsInBudget / 2)))
  return Math.min(10, Math.max(3, Math.floor(preparationsInBudget / 4)))
}

/** One cannot tell the luck of the launch from a difference. */
const fewestLaunches = 2

/**
 * How many of the planned launches to run, once the first has been prepared on the machine at hand: those that leave at least as much
 * time for measuring as that took. On a machine that took 33 s of a launch's 38, each of three had 7 blocks with servers that were
 * still compiling, and the twin's CPU time ± 50 %; two in the same time have 25, and warm servers. Pure.
 */
export function launchesThatFit(planned: number, timeMs: number, preparingMs: number): number {
  const fitting = Math.floor(timeMs / (2 * preparingMs))
  return Math.min(planned, Math.max(fewestLaunches, fitting))
}

function openLoopOf({ rate }: Options): OpenLoopPlan | undefined {
  if (rate === undefined) return undefined
  // Two at least: one request has no pace. At one a second that makes the longest slice: 2 s.
  return { rate, requests: Math.max(2, Math.round((rate * openSliceMs) / 1_000)) }
}

const wholeMicro: MicroPlan = { populations: [100, 10_000, 1_000_000], timeMs: 300, fillLimitMs: 60_000 }
const quickMicro: MicroPlan = { populations: [100, 10_000], timeMs: 100, fillLimitMs: 5_000 }

function armsOf(
  entrants: readonly Entrant[],
  { baseline, comparison, noopModule }: { readonly baseline: string } & Occasion,
): readonly Arm[] {
  const running = entrants.filter(({ skipped }) => skipped === undefined)
  const heads = running.map(({ name, module, engines }) => ({
    name,
    role: 'strategy' as const,
    module,
    ...(engines && { engines }),
  }))
  const bases = (comparison?.pairs ?? []).flatMap(({ head, base, baseModule }) =>
    heads
      .filter(({ name }) => name === head)
      .map((arm) => ({ ...arm, name: base, module: baseModule, version: 'base' as const })),
  )
  // Once more what the others are compared with: the base of the first pair, or the baseline.
  const twin = bases[0] ?? heads.find(({ name }) => name === baseline) ?? { module: baseline }
  return [
    ...heads,
    ...bases,
    { ...twin, name: twinName, role: 'twin' },
    { name: noopName, role: 'noop', module: noopModule },
  ]
}

function blocksOf(arms: readonly Arm[], count: number, seed: number): readonly (readonly string[])[] {
  const random = seededRandom(seed)
  const names = arms.map(({ name }) => name)
  return Array.from({ length: count }, () => shuffle(names, random))
}
