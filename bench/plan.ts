import type { Options } from './options.js'
import type { Entrant } from './roster.js'
import { type Operation, operations } from './slices.js'
import { seededRandom, shuffle } from './statistics.js'

/** One server of a launch: a strategy, the baseline's twin, or the no-op store. */
export interface Arm {
  readonly name: string
  readonly role: 'strategy' | 'twin' | 'noop'
  readonly module: string
}

/** Every arm's slice of one operation, in the order they run. */
export interface Round {
  readonly operation: Operation
  readonly order: readonly string[]
}

/** One cell of the plan: a launch, fresh servers and their blocks. */
export interface Experiment {
  readonly study: 'timing'
  readonly launch: number
  readonly seed: number
  readonly arms: readonly Arm[]
  /** A block holds one round per operation; the baseline and its rival are then a fraction of a second apart. */
  readonly blocks: readonly (readonly Round[])[]
  /** No block starts later than this after the launch began; ms. */
  readonly limitMs: number
}

/** The whole run as plain JSON: everything later stages need to know of what was intended. */
export interface Plan {
  readonly runId: string
  readonly startedAt: string
  readonly command: string
  readonly seed: number
  readonly quick: boolean
  readonly workers: number
  readonly connections: number
  readonly ttlMs: number
  readonly sliceMs: number
  /** It ends when two rounds agree, at the earliest after `minRounds`, at the latest after `limitMs`. */
  readonly warmUp: { readonly minRounds: number; readonly limitMs: number }
  readonly baseline: string
  readonly entrants: readonly Entrant[]
  readonly experiments: readonly Experiment[]
}

export interface Occasion {
  readonly startedAt: Date
  readonly command: string
  /** Path of the no-op control's module. */
  readonly noopModule: string
}

/** What a launch costs before its first block, per arm, and what a slice costs beside its own time; measured on 2 cores. */
const startMsPerArm = 1_400
const overheadMsPerSlice = 15

export const twinName = 'twin'
export const noopName = 'noop'

/** Turns wishes into experiments. Pure: the same options, roster, seed and occasion give the same plan. */
export function makePlan(options: Options, entrants: readonly Entrant[], occasion: Occasion): Plan {
  const { seed, quick, workers, connections } = options
  const sliceMs = quick ? 40 : 50
  const baseline = entrants.find(({ module }) => module === options.reference)?.name ?? options.reference
  const arms = armsOf(entrants, baseline, occasion.noopModule)
  // One launch cannot tell luck of the launch from difference; two hardly can, and cost a quick run half its time.
  const launches = quick ? 1 : 3
  const limitMs = Math.floor(((options.budgetSeconds - 4) * 1_000) / launches)
  const blockMs = operations.length * arms.length * (sliceMs + overheadMsPerSlice)
  const warmUp = { minRounds: quick ? 1 : 2, limitMs: Math.floor(limitMs / 4) }
  const preludeMs = arms.length * startMsPerArm + warmUp.limitMs
  const blocks = Math.max(2, Math.floor((limitMs - preludeMs) / blockMs))
  return {
    runId: `${occasion.startedAt.toISOString().slice(0, 19).replaceAll(':', '-')}${quick ? '-quick' : ''}`,
    startedAt: occasion.startedAt.toISOString(),
    command: occasion.command,
    seed,
    quick,
    workers,
    connections,
    ttlMs: 120_000,
    sliceMs,
    warmUp,
    baseline,
    entrants,
    experiments: Array.from({ length: launches }, (_, launch) => ({
      study: 'timing' as const,
      launch,
      seed: (seed + launch) >>> 0,
      arms,
      blocks: blocksOf(arms, blocks, (seed + launch) >>> 0),
      limitMs,
    })),
  }
}

function armsOf(entrants: readonly Entrant[], baseline: string, noopModule: string): readonly Arm[] {
  const running = entrants.filter(({ skipped }) => skipped === undefined)
  const strategies = running.map(({ name, module }) => ({ name, role: 'strategy' as const, module }))
  const twinModule = running.find(({ name }) => name === baseline)?.module ?? baseline
  return [
    ...strategies,
    { name: twinName, role: 'twin', module: twinModule },
    { name: noopName, role: 'noop', module: noopModule },
  ]
}

function blocksOf(arms: readonly Arm[], count: number, seed: number): readonly (readonly Round[])[] {
  const random = seededRandom(seed)
  const names = arms.map(({ name }) => name)
  return Array.from({ length: count }, () =>
    operations.map((operation) => ({ operation, order: shuffle(names, random) })),
  )
}
