import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import type { Topology } from '../src/strategy.js'
import { asksForChange, type Gate, parseGate } from './gates.js'
import { invocation } from './invocation.js'
import { messageOf } from './message-of.js'

export const studies = ['timing', 'micro', 'correctness', 'scaling'] as const
export type Study = (typeof studies)[number]

/** What the user asked for. */
export interface Options {
  /** Names and module paths, or nothing: the default six. `all` = the whole registry. */
  readonly strategies: readonly string[] | undefined
  readonly studies: readonly Study[]
  readonly quick: boolean
  readonly quiet: boolean
  /** How workers run. */
  readonly topology: Topology
  /** Clusters with separate data directories behind one client. */
  readonly hosts: number
  /** Of each host. */
  readonly workers: number
  readonly connections: number
  /** Requests per second of an open loop; nothing: a closed loop. */
  readonly rate: number | undefined
  readonly reference: string
  readonly seed: number
  readonly out: string
  /** Time to spend; nothing: what so many strategies need. */
  readonly budgetSeconds: number | undefined
  /** The correctness study at length: when it was asked for by name, and not in a hurry. */
  readonly thorough: boolean
  readonly captchas: number | undefined
  readonly races: number | undefined
  readonly faults: number | undefined
  /** Conditions under which the run fails, as its claims do. */
  readonly failOn: readonly Gate[]
  /** The results.json of an earlier run to compare with. */
  readonly baseline: string | undefined
  /** Compares with it though its machine or its settings were others. */
  readonly baselineAnyway: boolean
}

/** The run could not be done as asked; one line; exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

const examples: readonly (readonly [argv: string, what: string])[] = [
  ['', 'the default six strategies, about 3 minutes'],
  ['--only correctness', 'races and faults at length, some minutes a strategy'],
  ['--quick', 'the costs alone, about 40 seconds, wider intervals'],
  ['--strategies memory,sqlite', 'only these two'],
  ['--strategies ./my-store.mjs', 'your own store, beside the baseline'],
  ['--strategies all', 'every strategy there is, about 8 minutes'],
  ['--hosts 2 --strategies redis', 'two servers that share nothing but the engine'],
  ['--only scaling', 'what more workers, captchas and connections cost'],
  ['--rate 500 --connections 32', 'an open loop of 500 requests per second'],
  ['--fail-on sqlite:take.p99Us>5000', 'fails when a take takes so long'],
  ['--baseline results/latest.json', 'beside the run before'],
]

function help(): string {
  const lines = examples.map(([argv, what]) => {
    const call = invocation('bench', argv === '' ? [] : argv.split(' '))
    return `  ${call.padEnd(52)}${what}`
  })
  return `
Examples:
${lines.join('\n')}

An open loop sends each request when it is due, and counts its latency from then. It needs enough connections: a request
for which none is free waits for one. Rate times latency in seconds are busy at once; take several times as many.

A gate says when to fail: a strategy (or all, which leaves out exhibits), a colon, a path, one of > >= < <=, and a number.
  write|read|take.throughput|p50Us|p99Us|cpuUsPerOp          as the client saw it; µs, requests per second
  write|read|take.store.p50Us|p99Us                          in the store alone
  either of them with .ratio, .change or .ratio.change       ÷ the baseline strategy, ÷ the earlier run, both
  write|read|take.ratio|ratio.change                         short for p50Us.ratio and p50Us.ratio.change
  verificationFailures.crossWorker|sameWorker|overall.rate|failures|attempts
  correctness.CHECK.violations|attempts|rate                 such as correctness.single-use.violations>0
It is broken when the whole 95 % interval lies beyond the limit, held when all of it lies on this side, else undecided. A rate
against 0 or 1 asks whether it was ever seen.

Exit codes:
  0  every strategy kept its claims and every gate held (exhibits excepted)
  1  a claim or a gate was broken
  2  it could not measure: bad arguments, a server that did not start, a named strategy that had to be skipped, a gate whose
     figure is missing
  3  it measured, but never across the scope a strategy claims, or not precisely enough for a gate: undecided`
}

/**
 * Parses the command line.
 * @param fallbackSeed used unless --seed is given, and printed with the results
 * @throws UsageError with commander's one line; `undefined` when help was asked for and printed
 */
export function parseOptions(argv: readonly string[], fallbackSeed: number): Options | undefined {
  const program = new Command('bench')
    .description(
      'Runs one captcha server per storage strategy in cluster mode, drives it, and reports what each loses and costs.',
    )
    .option(
      '--strategies <list>',
      'names or module paths, separated by commas; all = every one there is',
      list,
    )
    .option(
      '--only <list>',
      `studies: ${studies.join(', ')} (default: timing, correctness; quick: timing)`,
      studyList,
    )
    .option('--quick', 'a run of at most 40 s', false)
    .option(
      '--budget <duration>',
      'time to spend, such as 90s or 3m (default: 170s, quick: 35s; more for over six strategies)',
      duration,
    )
    .option('--workers <n>', 'workers per server', whole(1, 64), 4)
    .option('--hosts <n>', 'servers with separate data behind one client: a fleet', whole(1, 8), 1)
    .addOption(
      new Option('--topology <kind>', 'how workers run')
        .choices(['processes', 'threads'])
        .default('processes'),
    )
    .option('--connections <n>', 'connections per slice', whole(1, 256), 8)
    .option(
      '--rate <n>',
      'an open loop: so many requests per second, evenly (default: a closed loop)',
      whole(1, 100_000),
    )
    .option('--reference <strategy>', 'the baseline of every ratio', 'memory')
    .option('--seed <n>', 'order of slices, hand-offs and resampling', whole(0, 2 ** 32 - 1))
    .option('--captchas <n>', 'correctness: captchas issued in ordinary use', whole(1, 10_000_000))
    .option('--races <n>', 'correctness: captchas raced for', whole(1, 1_000_000))
    .option('--faults <n>', 'correctness: faults of each kind', whole(1, 1_000))
    .option('--fail-on <gate>', 'fails the run when it holds, see below; repeatable', gate, [])
    .option('--baseline <file>', 'the results.json of an earlier run on this machine to compare with')
    .option('--baseline-anyway', 'compares though its machine or its settings were others', false)
    .option('--out <dir>', 'where run folders go', 'results')
    .option('--quiet', 'no progress, only the result', false)
    .addHelpText('after', help)
    .allowExcessArguments(false)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
  try {
    program.parse([...argv], { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return undefined
    throw new UsageError(`${error.message.replace(/^error: /, '').replaceAll(/\s+/g, ' ')} (see --help)`)
  }
  const given = program.opts()
  const asked: readonly Study[] = given.only ?? (given.quick ? ['timing'] : ['timing', 'correctness'])
  if (given.rate !== undefined && !asked.includes('timing'))
    throw new UsageError(
      `--rate: expected the timing study, which it paces, got --only ${asked.join(',')}; leave one of them out (see --help)`,
    )
  demandBaseline(given.baseline, given.failOn, asked)
  return {
    strategies: given.strategies,
    studies: asked,
    quick: given.quick,
    quiet: given.quiet,
    topology: given.topology,
    hosts: given.hosts,
    workers: given.workers,
    connections: given.connections,
    rate: given.rate,
    reference: given.reference,
    seed: given.seed ?? fallbackSeed,
    out: given.out,
    thorough: given.only !== undefined && !given.quick,
    captchas: given.captchas,
    races: given.races,
    faults: given.faults,
    budgetSeconds: given.budget,
    failOn: given.failOn,
    baseline: given.baseline,
    baselineAnyway: given.baselineAnyway,
  }
}

function demandBaseline(
  baseline: string | undefined,
  failOn: readonly Gate[],
  asked: readonly Study[],
): void {
  const change = failOn.find(asksForChange)
  if (change !== undefined && baseline === undefined)
    throw new UsageError(
      `--fail-on ${JSON.stringify(change.text)}: expected --baseline FILE beside it, whose run it compares with, got none (see --help)`,
    )
  if (baseline !== undefined && !asked.includes('timing'))
    throw new UsageError(
      `--baseline: expected the timing study, whose figures it compares, got --only ${asked.join(',')}; leave one of them out (see --help)`,
    )
}

function gate(text: string, sooner: readonly Gate[]): readonly Gate[] {
  try {
    return [...sooner, parseGate(text)]
  } catch (error) {
    throw new InvalidArgumentError(messageOf(error))
  }
}

function list(text: string): string[] {
  const names = text.split(',').map((name) => name.trim())
  if (names.every((name) => name !== '')) return [...new Set(names)]
  throw new InvalidArgumentError('Expected names separated by commas.')
}

function studyList(text: string): Study[] {
  return list(text).map((name) => {
    const found = studies.find((study) => study === name)
    if (found === undefined) throw new InvalidArgumentError(`Expected studies out of ${studies.join(', ')}.`)
    return found
  })
}

function whole(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text)
    if (/^\d+$/.test(text) && value >= min && value <= max) return value
    throw new InvalidArgumentError(`Expected a whole number from ${min} to ${max}.`)
  }
}

const secondsPer: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600 }

function duration(text: string): number {
  const [, digits, unit = 's'] = /^(\d+)([smh]?)$/.exec(text) ?? []
  const seconds = Number(digits) * (secondsPer[unit || 's'] ?? 1)
  if (seconds >= 10 && seconds <= 86_400) return seconds
  throw new InvalidArgumentError('Expected a duration from 10s to 24h, such as 90s or 3m.')
}
