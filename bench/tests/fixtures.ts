import type { Environment } from '../environment.js'
import { createLatencies } from '../histogram.js'
import { type RawRun, toResults } from '../judge.js'
import type { Options } from '../options.js'
import { makePlan, type Plan } from '../plan.js'
import type { Results } from '../results.js'
import type { Entrant } from '../roster.js'
import {
  type OpenLoopRecord,
  type Operation,
  type Outcome,
  operations,
  outcomes,
  type PairCount,
  type SliceRecord,
  type TimingRecord,
} from '../slices.js'
import { type Random, seededRandom } from '../statistics.js'

/** Hand-made runs: what a measurement would have written, with known truths inside. */

export const options: Options = {
  strategies: undefined,
  studies: ['timing'],
  thorough: false,
  captchas: undefined,
  races: undefined,
  faults: undefined,
  quick: false,
  topology: 'processes',
  hosts: 1,
  quiet: false,
  workers: 2,
  connections: 4,
  rate: undefined,
  reference: 'memory',
  seed: 7,
  out: 'results',
  budgetSeconds: 60,
  failOn: [],
  baseline: undefined,
  baselineAnyway: false,
}

export const occasion = {
  startedAt: new Date('2026-01-02T03:04:05.678Z'),
  command: 'npm run bench',
  noopModule: '/noop.js',
}

export const environment: Environment = {
  cpu: 'A processor',
  cores: 2,
  memoryBytes: 8 * 2 ** 30,
  system: 'Linux 6.1',
  node: 'v20.19.0',
  crossworker: '0.1.0',
  libraries: { fastify: '5.0.0' },
  loadAverage: 0.25,
  steal: null,
}

export function entrant(name: string, more: Partial<Entrant> = {}): Entrant {
  const claims = { scope: 'host', singleUse: true, survives: 'restart' } as const
  return { name, module: name, summary: `What ${name} does.`, claims, ...more }
}

export const memory = entrant('memory', {
  claims: { scope: 'process', singleUse: true, survives: 'nothing' },
})

export function planOf(entrants: readonly Entrant[], more: Partial<Options> = {}): Plan {
  return makePlan({ ...options, ...more }, entrants, occasion)
}

export function outcomesOf(found: Partial<Record<Outcome, number>> = {}): Record<Outcome, number> {
  const none = Object.fromEntries(outcomes.map((outcome) => [outcome, 0])) as Record<Outcome, number>
  return { ...none, ...found }
}

export interface SliceWishes extends Partial<Omit<SliceRecord, 'client' | 'store'>> {
  /** Every accepted answer's latency, µs. */
  readonly clientUs?: number
  readonly storeUs?: number
}

/** How a slice of 40 requests kept a pace; `uncorrected` is every accepted answer's latency from its sending, µs. */
export function paced({
  uncorrectedUs = 500,
  ...more
}: Partial<Omit<OpenLoopRecord, 'uncorrected'>> & { readonly uncorrectedUs?: number } = {}): OpenLoopRecord {
  const pace = { rate: 800, sent: 40, late: 0, dropped: 0, pacerLagP99Us: 100 }
  return { ...pace, uncorrected: latenciesOf(uncorrectedUs), ...more }
}

const encoded = new Map<string, string>()

/** Forty times about the same latency; to three digits, so that one histogram may serve several slices. */
function latenciesOf(us: number): string {
  const key = us.toPrecision(3)
  const known = encoded.get(key)
  if (known !== undefined) return known
  const latencies = createLatencies()
  for (let request = 0; request < 40; request += 1) latencies.record(Number(key))
  encoded.set(key, latencies.encode())
  return latencies.encode()
}

/** A slice of 40 accepted requests that all took about the same time. */
export function slice({ clientUs = 1_000, storeUs = 20, ...more }: SliceWishes = {}): SliceRecord {
  return {
    kind: 'slice',
    launch: 0,
    block: 0,
    arm: 'memory',
    operation: 'take',
    requests: 40,
    outcomes: outcomesOf({ accepted: 40 }),
    throughput: 1e6 / clientUs,
    windowMs: 50,
    cpuUsPerOp: clientUs / 2,
    client: latenciesOf(clientUs),
    store: latenciesOf(storeUs),
    clientP50Us: clientUs,
    storeP50Us: storeUs,
    pairs: [],
    settleMs: 3,
    wallMs: 60,
    generatorUtilisation: 0.4,
    steal: 0,
    ...more,
  }
}

/** Half of the hand-offs meet the issuer, half the other of two workers. */
export function pairs(
  { same = 0, cross = 0 }: { same?: number; cross?: number } = {},
  attempts = 10,
): PairCount[] {
  return [0, 1].flatMap((issuer) =>
    [0, 1].map((verifier) => ({
      issuer,
      verifier,
      attempts,
      failures: issuer === verifier ? same : cross,
    })),
  )
}

/** How an arm of a hand-made run behaves. */
export interface Behaviour {
  /** Its latency as a multiple of the baseline's. */
  readonly cost?: number
  readonly pairs?: readonly PairCount[]
  /** Throughput of a block as a multiple; for drift. */
  readonly speedAt?: (block: number) => number
  readonly more?: SliceWishes
}

export interface Recording {
  readonly launches?: number
  readonly blocks?: number
  readonly seed?: number
  readonly behaviours: Readonly<Record<string, Behaviour>>
}

/** Every arm's slices in every block, with the noise of a machine: shared by a block, a little of each slice's own. */
export function record({ launches = 3, blocks = 8, seed = 1, behaviours }: Recording): TimingRecord[] {
  const random = seededRandom(seed)
  const slices = Array.from({ length: launches * blocks }, (_, index) => {
    const weather = noise(random, 0.3)
    const place = { launch: Math.floor(index / blocks), block: index % blocks }
    return Object.entries(behaviours).flatMap(([arm, behaviour]) =>
      operations.map((operation) => disturbed({ place, arm, operation, behaviour, weather, random })),
    )
  })
  return [...slices.flat(), { kind: 'end', partial: false, wallSeconds: 40, timingSeconds: 40 }]
}

interface Moment {
  readonly place: { readonly launch: number; readonly block: number }
  readonly arm: string
  readonly operation: Operation
  readonly behaviour: Behaviour
  readonly weather: number
  readonly random: Random
}

function disturbed({ place, arm, operation, behaviour, weather, random }: Moment): SliceRecord {
  const { cost = 1, pairs: takes = pairs(), speedAt = () => 1, more = {} } = behaviour
  const factor = (cost * weather * noise(random, 0.02)) / speedAt(place.block)
  return slice({
    ...place,
    arm,
    operation,
    clientUs: 1_000 * factor,
    storeUs: 20 * factor,
    pairs: operation === 'take' ? takes : [],
    ...more,
  })
}

function noise(random: Random, size: number): number {
  return Math.exp((random() - 0.5) * 2 * size)
}

/** The controls of every run. */
export const controls: Readonly<Record<string, Behaviour>> = { twin: {}, noop: { cost: 0.8 } }

export const witness = { id: 'abcdefgh', issuer: 0, verifier: 1, outcome: 'unknown', afterMs: 12.4 } as const

export const loses: Behaviour = { pairs: pairs({ cross: 10 }), more: { witness } }

/** A run of a baseline that loses what another worker issued, an honest store, an exhibit and one that is not here. */
export function exampleRun(): RawRun {
  const plan = planOf([
    memory,
    entrant('slow'),
    entrant('naive', { exhibit: 'Wrong on purpose.' }),
    entrant('absent', { skipped: 'no such library' }),
  ])
  const behaviours = { memory: loses, slow: { cost: 2 }, naive: { pairs: pairs({ cross: 3 }) }, ...controls }
  return { plan, environment, records: record({ blocks: 4, behaviours }) }
}

/** The same at a pace; the slow one is twenty times as slow, and late. */
export function pacedRun(dropped = 0): RawRun {
  const { entrants } = exampleRun().plan
  const more = { openLoop: paced(), throughput: 800 }
  const behind = { openLoop: paced({ late: 30, dropped }), throughput: 400 }
  const behaviours = {
    memory: { more },
    slow: { cost: 20, more: behind },
    naive: { more },
    twin: { more },
    noop: { cost: 0.8, more },
  }
  return { plan: planOf(entrants, { rate: 800 }), environment, records: record({ blocks: 4, behaviours }) }
}

export const exampleResults: () => Results = () => toResults(exampleRun())

export function strategyOf({ strategies }: Pick<Results, 'strategies'>, name: string) {
  const found = strategies.find((strategy) => strategy.name === name)
  if (found === undefined) throw new Error(`expected ${name} in the results`)
  return found
}
