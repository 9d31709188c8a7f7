import {
  type PromiseResult,
  type Results,
  type RungResult,
  rungs,
  type StrategyResult,
  timingRow,
} from '../results.js'
import { operations } from '../slices.js'
import { isJudged } from './answer.js'
import { duration, ratioText } from './format.js'
import { recommendation } from './recommendation.js'
import { label, table } from './table.js'

/** How far up each strategy stays correct, what it survives and costs, and what to take from that. Pure. */
export function ladder(results: Results): string {
  const { strategies, run } = results
  const isTimed = run.studies.includes('timing')
  if (!isTimed && !run.studies.includes('correctness')) return ''
  // An open loop's throughput is given: there CPU time alone can be compared.
  const metric = run.rate === undefined ? 'throughput' : 'cpuUsPerOp'
  const cost = isTimed ? ['CPU per captcha', `write ÷ ${run.baseline}`, `take ÷ ${run.baseline}`] : []
  const rows = strategies
    .filter(isJudged)
    .map((strategy) => [
      label(strategy),
      ...strategy.correctness.ladder.map(rungCell),
      survival(strategy),
      ...(isTimed ? costCells(strategy, metric, run.baseline) : []),
    ])
  return [
    '## The ladder',
    '',
    'How far apart two workers may be so that what the one issued the other finds, and only one of all accepts.',
    '',
    table(['strategy', ...rungs, 'survives', ...cost], rows),
    '',
    '- Claimed: ✓ seen correct, ✗ seen wrong, ? not exercised. Not claimed: what was seen all the same, which breaks no promise; – nothing was. Who does not claim single use claims no rung.',
    '- *threads*: workers of one process; *host*: processes of one machine; *fleet*: machines, with a data directory each.',
    ...(isTimed ? [costNote(metric, run.baseline)] : []),
    '',
    ...recommendation(results),
  ].join('\n')
}

type CostMetric = 'throughput' | 'cpuUsPerOp'

function costNote(metric: CostMetric, baseline: string): string {
  const what = metric === 'throughput' ? 'throughput' : 'CPU time per request'
  return `- CPU per captcha: of one write, one read and one take. ÷ ${baseline}: ${what}, with its 95 % interval.`
}

const marks: Readonly<Record<RungResult['verdict'], string>> = { valid: '✓', invalid: '✗', unknown: '?' }

function rungCell({ verdict, claimed }: RungResult): string {
  if (claimed) return marks[verdict]
  return verdict === 'unknown' ? '–' : `${marks[verdict]} not claimed`
}

const seen: Readonly<Record<PromiseResult['observation'], string>> = { kept: '✓', broken: '✗', unproven: '?' }

function survival({ claims, correctness }: StrategyResult): string {
  const promise = correctness?.promises.find(({ claim }) => claim === 'survives')
  return promise === undefined ? claims.survives : `${claims.survives} ${seen[promise.observation]}`
}

function costCells(
  { name, timing }: StrategyResult,
  metric: CostMetric,
  baseline: string,
): readonly string[] {
  const rows = operations.map((operation) => timingRow(timing, operation, 'client'))
  const cpuUs = rows.map((row) => row?.cpuUsPerOp ?? null)
  const ratios = [rows[0], rows[2]].map((row) => row?.ratios.find((ratio) => ratio.metric === metric))
  const isMeasured = rows.some((row) => row !== undefined && row.slices > 0)
  const missing = isMeasured && name === baseline ? '1' : '–'
  return [
    duration(cpuUs.reduce((sum, us) => (sum === null || us === null ? null : sum + us), 0)),
    ...ratios.map((ratio) => (ratio === undefined ? missing : ratioText(ratio))),
  ]
}
