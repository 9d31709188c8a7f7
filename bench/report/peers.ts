import { isClaimed, type RatioResult, type Results, type StrategyResult, timingRow } from '../results.js'
import { operations } from '../slices.js'
import { isJudged } from './answer.js'
import { bytes, crew, duration, ratioText } from './format.js'
import { defused } from './markdown.js'
import { table } from './table.js'

/** peers.md: what libraries people use lose, replay and cost, beside our strategies on the same medium. Pure. */

/** What is known of a peer before it is measured. */
export interface PeerFacts {
  /** Of its adapter, its strategy and its row. */
  readonly name: string
  /** npm packages whose versions are told; the first is the peer itself. */
  readonly libraries: readonly string[]
  readonly documentation: string
  /** What the claims rest on. */
  readonly promise: string
  /** Where its documentation says what it does not do. */
  readonly limit?: { readonly says: string; readonly link: string }
  /** What in its source decides a take, and explains what was seen. */
  readonly source: string
}

/** One interleaved run: peers and ours. */
export interface PeersRun {
  readonly facts: readonly PeerFacts[]
  /** By npm package. */
  readonly versions: Readonly<Record<string, string>>
  readonly results: Results
}

/** @param missing groups that were meant to be measured and were not */
export function peersReport(raw: readonly PeersRun[], missing: readonly string[] = []): string {
  const runs = raw.map((run) => ({ ...run, results: defused(run.results) }))
  const sections = [
    introduction(runs),
    ...(missing.length === 0 ? [] : [`Could not be measured here: ${missing.join(', ')}.`]),
    '## What each keeps',
    kept(runs),
    '## What each costs',
    'Throughput of the whole server ÷ that of our counterpart in the same block, with 95 % intervals: below 1 the peer is slower. Every answer counts, a refusal too: a peer that refuses most takes is asked for little.',
    costs(runs),
    '## Where a peer keeps what ours keeps',
    'Peers of which no claim was seen broken and that claim what our counterpart claims: throughput of ours ÷ theirs. Ours is *slower* where the whole interval is below 1.',
    sideBySide(runs),
    '## One by one',
    ...runs.flatMap((run) => run.facts.map((facts) => portrait(run, facts))),
    '## Machine and commands',
    machine(runs),
  ]
  return `${sections.join('\n\n')}\n`
}

function introduction(runs: readonly PeersRun[]): string {
  const [first] = runs
  const where = first === undefined ? 'nothing' : crew(first.results.run)
  return [
    '# Libraries beside our strategies',
    '',
    `Each library is used as its documentation shows, by an adapter in \`bench/peers/\`, with the strongest take its interface has: a method of its own, else a removal that says whether it removed, else get and then delete. It is held to what its documentation promises or, where that is silent, to what its medium lets a user expect, in the same server, at ${where}, under the same races and faults as ours. Those with one medium ran interleaved, in a run of their own.`,
  ].join('\n')
}

function strategyIn({ results }: PeersRun, name: string): StrategyResult | undefined {
  return results.strategies.find((strategy) => strategy.name === name)
}

function versionOf({ versions }: PeersRun, { libraries }: PeerFacts): string {
  return libraries.map((name) => `${name} ${versions[name] ?? '?'}`).join(', ')
}

function factsOf({ facts }: PeersRun, name: string): PeerFacts | undefined {
  return facts.find((peer) => peer.name === name)
}

const claimWords = ({ claims: { scope, singleUse, survives } }: StrategyResult) =>
  `${scope}${singleUse ? ', once' : ''}, ${survives}`

function kept(runs: readonly PeersRun[]): string {
  const rows = runs.flatMap((run) =>
    run.results.strategies.map((strategy) => [nameCell(run, strategy), ...keptCells(strategy)]),
  )
  return [
    '*Refused*: correct answers, sent once to another worker than the one that issued, that were not accepted. *Accepted twice*: of captchas tried more than once, and the races between workers that overlapped. *Broken*: checks that decide a claim, or that every store owes; *not shown*: those that were not exercised.',
    '',
    table(
      [
        'strategy',
        'claims',
        'refused by another worker',
        'accepted twice',
        'races',
        'kept over a restart',
        'broken',
        'not shown',
      ],
      rows,
      'text',
    ),
  ].join('\n')
}

function nameCell(run: PeersRun, strategy: StrategyResult): string {
  const facts = factsOf(run, strategy.name)
  return facts === undefined
    ? `\`${strategy.name}\` (ours)`
    : `**${strategy.name}** (${versionOf(run, facts)})`
}

function keptCells(strategy: StrategyResult): readonly string[] {
  if (!isJudged(strategy))
    return [claimWords(strategy), strategy.skipped ?? 'not looked at', '', '', '', '', '']
  const { verificationFailures, checks, races, restarts } = strategy.correctness
  const { crossWorker } = verificationFailures
  const twice = checks.find(({ name }) => name === 'single-use')
  return [
    claimWords(strategy),
    outOf(crossWorker.failures, crossWorker.attempts),
    twice === undefined ? '–' : outOf(twice.violations, twice.attempts),
    races === undefined ? '–' : races.overlapping.toLocaleString('en'),
    restarts === undefined ? '–' : outOf(restarts.kept, restarts.looked),
    claimedAre('invalid', strategy)
      .map(({ name, violations, attempts }) => `${name} ${outOf(violations, attempts)}`)
      .join(', ') || '–',
    claimedAre('unknown', strategy)
      .map(({ name }) => name)
      .join(', ') || '–',
  ]
}

/** Its checks of that verdict that decide a claim of its own, or that every store owes. */
function claimedAre(verdict: 'invalid' | 'unknown', { claims, correctness }: StrategyResult) {
  const checks = correctness?.checks ?? []
  return checks.filter((check) => check.verdict === verdict && isClaimed(claims, check.name))
}

function outOf(part: number, whole: number): string {
  return whole === 0 ? '–' : `${part.toLocaleString('en')} of ${whole.toLocaleString('en')}`
}

function costs(runs: readonly PeersRun[]): string {
  const rows = runs.flatMap((run) =>
    run.results.strategies.map((strategy) => [
      nameOf(run, strategy),
      ...operations.map((operation) => ratioCell(run, strategy, operation)),
      duration(timingRow(strategy.timing, 'take', 'client')?.cpuUsPerOp ?? null),
    ]),
  )
  return table(['strategy', ...operations, 'CPU per take'], rows)
}

/** The counterpart is its own measure; so that no row is read against another run's, each says whose it is. */
function ratioCell(
  { results: { run } }: PeersRun,
  strategy: StrategyResult,
  operation: (typeof operations)[number],
): string {
  if (strategy.name === run.baseline) return '1'
  const ratio = throughputRatio(strategy, operation)
  return ratio === undefined ? '–' : `${ratioText(ratio)} × \`${run.baseline}\``
}

function nameOf(run: PeersRun, { name }: StrategyResult): string {
  return factsOf(run, name) === undefined ? `\`${name}\` (ours)` : `**${name}**`
}

function throughputRatio(
  { timing }: StrategyResult,
  operation: (typeof operations)[number],
): RatioResult | undefined {
  return timingRow(timing, operation, 'client')?.ratios.find(({ metric }) => metric === 'throughput')
}

/** Single use under the very claims of the counterpart: whoever keeps less may be quick for that. */
function sideBySide(runs: readonly PeersRun[]): string {
  const rows = runs.flatMap((run) => {
    const ours = strategyIn(run, run.results.run.baseline)
    return run.facts.flatMap(({ name }) => {
      const peer = strategyIn(run, name)
      if (ours === undefined || peer === undefined || !keepsAsMuch(ours, peer)) return []
      return [
        [
          `**${name}**`,
          `\`${ours.name}\``,
          peer.correctness?.verdict === 'valid' ? 'all claims kept' : 'none seen broken',
          ...(['write', 'take'] as const).map((operation) => inverted(throughputRatio(peer, operation))),
        ],
      ]
    })
  })
  if (rows.length === 0) return 'None.'
  return table(['peer', 'ours', 'the peer', 'write, ours ÷ peer', 'take, ours ÷ peer'], rows)
}

function keepsAsMuch(ours: StrategyResult, peer: StrategyResult): boolean {
  const { correctness, failed } = peer
  if (correctness === undefined || failed !== undefined) return false
  return claimWords(ours) === claimWords(peer) && correctness.verdict !== 'invalid'
}

function inverted(ratio: RatioResult | undefined): string {
  if (ratio === undefined) return '–'
  const [value, low, high] = [1 / ratio.value, 1 / ratio.high, 1 / ratio.low]
  return `${ratioText({ value, low, high })}${high < 1 ? ' *slower*' : ''}`
}

function portrait(run: PeersRun, facts: PeerFacts): string {
  const { name, libraries, documentation, promise, limit, source } = facts
  const strategy = strategyIn(run, name)
  return [
    `### ${name}`,
    '',
    `${versionOf(run, facts)}. ${strategy?.summary ?? ''} [Documentation of ${libraries[0] ?? name}](${documentation}).`,
    '',
    `- Promise: ${promise}`,
    ...(limit === undefined ? [] : [`- Documented limit: ${limit.says} ([there](${limit.link}))`]),
    `- In its source: ${source}`,
    ...seen(strategy),
  ].join('\n')
}

function seen(strategy: StrategyResult | undefined): readonly string[] {
  if (strategy?.correctness === undefined) return ['- Seen: it was not looked at.']
  const { failed } = strategy
  const broken = claimedAre('invalid', strategy)
  const lines = broken.map(({ name, evidence }) => `- Seen, ${name}: ${evidence[0] ?? 'no sentence'}`)
  const unshown = claimedAre('unknown', strategy).map(({ name }) => name)
  return [
    ...(lines.length === 0 ? ['- Seen: no claim was broken.'] : lines),
    ...(unshown.length === 0 ? [] : [`- Not shown: ${unshown.join(', ')}.`]),
    ...(failed === undefined ? [] : [`- It could not be measured to the end: ${failed}`]),
  ]
}

function machine(runs: readonly PeersRun[]): string {
  if (runs.length === 0) return 'Nothing was run.'
  const machines = new Set(runs.map(({ results }) => machineOf(results)))
  return [...machines]
    .flatMap((told) => [
      told,
      '',
      ...runs.filter(({ results }) => machineOf(results) === told).map(({ results }) => runLine(results)),
      '',
    ])
    .join('\n')
    .trimEnd()
}

function machineOf({ environment: { cpu, cores, memoryBytes, system, node } }: Results): string {
  return `${cpu}, ${cores} cores, ${bytes(memoryBytes)}; ${system}; Node ${node}.`
}

function runLine({ run, controls }: Results): string {
  const told = `- ${run.launches} launches, ${run.blocks} blocks, seed ${run.seed}, ${run.startedAt}: \`${run.command.replaceAll('`', ' ')}\``
  const warnings = [
    ...(run.partial ? ['**ended early**'] : []),
    ...(controls?.contaminated
      ? ['**contaminated**: the no-op store moved between the halves of the run']
      : []),
  ]
  return [told, ...warnings].join(', ')
}
