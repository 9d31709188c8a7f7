import {
  type CheckResult,
  isClaimed,
  type PromiseResult,
  type Results,
  type StrategyResult,
} from '../results.js'
import { isJudged } from './answer.js'
import { crew } from './format.js'
import { label, table } from './table.js'

/** What the correctness study found: claims beside observations, every check, and the shortest story of each violation. Pure. */
export function correctness(results: Results): string {
  if (!results.run.studies.includes('correctness')) return ''
  return [
    '## Correctness',
    '',
    `Recorded clients, each pinned to one of ${crew(results.run)}; takes raced for with their last bytes held back; workers killed, stopped and restarted; disks filled and files damaged. Nothing here is timed. A claim is *kept* when every check that decides it is valid, *unproven* when one was not exercised.`,
    '',
    promises(results),
    '',
    'Each check: ✓ valid in so many attempts, ✗ violations of attempts, ? not exercised, – not claimed.',
    '',
    scorecard(results),
    ...[stories(results), gaps(results)].filter((part) => part !== ''),
  ].join('\n')
}

const claims = ['scope', 'singleUse', 'survives'] as const

const marks: Readonly<Record<PromiseResult['observation'], string>> = {
  kept: '✓ kept',
  broken: '✗ broken',
  unproven: '? unproven',
}

function promises({ strategies }: Results): string {
  const rows = strategies.filter(isJudged).map((strategy) => {
    const { promises: made, observedScope, races } = strategy.correctness
    const cells = claims.map((claim) => {
      const found = made.find((promise) => promise.claim === claim)
      return found === undefined ? 'not claimed' : `${worded(found)}: ${marks[found.observation]}`
    })
    const raced = races === undefined ? '–' : races.overlapping.toLocaleString('en')
    return [label(strategy), ...cells, observedScope, raced]
  })
  return table(
    ['strategy', 'scope', 'single use', 'survives', 'observed scope', 'races across workers'],
    rows,
  )
}

function worded({ claim, promised }: PromiseResult): string {
  return claim === 'singleUse' ? 'once' : promised
}

function scorecard({ strategies }: Results): string {
  const judged = strategies.filter(isJudged)
  const names = judged[0]?.correctness.checks.map(({ name }) => name) ?? []
  const rows = names.map((name) => [
    name,
    ...judged.map((strategy) => {
      const check = strategy.correctness.checks.find((candidate) => candidate.name === name)
      return check === undefined ? '' : cell(strategy, check)
    }),
  ])
  return table(['check', ...judged.map(label)], rows)
}

function cell(
  { claims: made }: StrategyResult,
  { name, verdict, attempts, violations }: CheckResult,
): string {
  if (!isClaimed(made, name)) return '–'
  const tried = attempts.toLocaleString('en')
  if (verdict === 'invalid') return `✗ ${violations.toLocaleString('en')}/${tried}`
  return verdict === 'valid' ? `✓ ${tried}` : '?'
}

function stories({ strategies }: Results): string {
  const told = strategies.filter(isJudged).flatMap((strategy) => {
    const broken = strategy.correctness.checks.filter(
      (check) => check.verdict === 'invalid' && isClaimed(strategy.claims, check.name),
    )
    return broken.length === 0 ? [] : [story(strategy, broken)]
  })
  return told.length === 0 ? '' : ['', '### What went wrong, op by op', '', ...told].join('\n')
}

function story(strategy: StrategyResult, broken: readonly CheckResult[]): string {
  // One op alone shows no contradiction; the other is told in the sentence above.
  const length = ({ witness = [] }: CheckResult) =>
    witness.length > 1 ? witness.length : Number.POSITIVE_INFINITY
  const [shortest] = broken
    .filter(({ witness }) => witness !== undefined)
    .toSorted((a, b) => length(a) - length(b))
  const lines = broken.map(({ name, evidence }) => `- ${name}: ${evidence[0] ?? ''}`)
  return [
    `**${label(strategy)}**`,
    '',
    ...lines,
    ...(shortest === undefined
      ? []
      : ['', `Its shortest witness (${shortest.name}):`, '', ...moments(shortest)]),
    '',
  ].join('\n')
}

function moments({ witness = [] }: CheckResult): readonly string[] {
  return witness.map(({ atMs, tookMs, worker, event }) => {
    const until = tookMs === undefined ? '' : ` – ${(atMs + tookMs).toFixed(1)}`
    const who = worker === null ? 'all workers' : `worker ${worker}`
    return `- **${atMs.toFixed(1)}${until} ms**, ${who}: ${event}`
  })
}

function gaps({ strategies }: Results): string {
  const lines = strategies
    .filter(isJudged)
    .flatMap((strategy) =>
      strategy.correctness.checks
        .filter(({ name, verdict }) => verdict === 'unknown' && isClaimed(strategy.claims, name))
        .map(({ name, evidence }) => `- ${label(strategy)}, ${name}: ${evidence[0] ?? 'not exercised'}`),
    )
  return lines.length === 0 ? '' : ['', 'Not exercised:', '', ...lines].join('\n')
}
