import {
  type ComparisonResult,
  isCompared,
  type Metric,
  type PairResult,
  type PairRow,
  type Results,
  type TimingResult,
} from '../results.js'
import { type Operation, operations } from '../slices.js'
import { duration, percent, perSecond, ratioText } from './format.js'
import { table } from './table.js'

/** What head ÷ base came to, told in sentences and tables. Pure. */

type Source = TimingResult['source']
type Verdict = PairRow['verdict']

const verdicts = ['slower', 'faster', 'equivalent', 'inconclusive'] as const

export const verdictMark: Readonly<Record<Verdict, string>> = {
  faster: '▲',
  slower: '▼',
  equivalent: '=',
  inconclusive: '?',
}

/** Of which version the twin is: what its ratio is to. */
export function twinSource({ comparison, run }: Results): string {
  return comparison?.pairs[0]?.base ?? run.baseline
}

/** An open loop's throughput is given: there the median latency tells of time. */
export function timeMetric({ run }: Pick<Results, 'run'>): Metric {
  return run.rate === undefined ? 'throughput' : 'p50Us'
}

export const metricNames: Readonly<Record<Metric, string>> = {
  throughput: 'throughput',
  p50Us: 'p50',
  p99Us: 'p99',
  cpuUsPerOp: 'CPU/op',
}

export function rowOf(
  { rows }: PairResult,
  operation: Operation,
  metric: Metric,
  source: Source = 'client',
): PairRow | undefined {
  return rows.find((row) => row.operation === operation && row.source === source && row.metric === metric)
}

/** Such as "base 0123456789 (main), head 9876543210 and what is not committed". */
export function versions({ base, head }: ComparisonResult): string {
  const short = (commit: string) => commit.slice(0, 10)
  return `base ${short(base.commit)} (${base.ref}), head ${short(head.commit)}${head.isChanged ? ' and what is not committed' : ''}`
}

/** Worst first; then what cannot be said. */
export function comparisonSentences(results: Results): readonly string[] {
  const { comparison } = results
  if (comparison === undefined) return []
  const { pairs, added, maxSlowdown } = comparison
  const broken = pairs.filter(({ operations: all }) => all.some(({ limit }) => limit === 'broken'))
  const open = pairs.filter(({ operations: all }) => all.some(({ limit }) => limit === 'undecided'))
  const isWhole = results.run.partial !== true && pairs.length > 0 && pairs.every(isCompared)
  const most = maxSlowdown === undefined ? '' : percent(maxSlowdown)
  const limits = (which: readonly PairResult[], word: 'broken' | 'undecided') =>
    which
      .map(
        (pair) =>
          `**${pair.strategy}** (${pair.operations
            .filter(({ limit }) => limit === word)
            .map(({ operation }) => operation)
            .join(', ')})`,
      )
      .join(', ')
  return [
    ...(broken.length > 0 ? [`More than ${most} slower, beyond chance: ${limits(broken, 'broken')}.`] : []),
    ...(open.length > 0
      ? [
          `Undecided whether more than ${most} slower: ${limits(open, 'undecided')}; a longer run (--budget) tells more.`,
        ]
      : []),
    ...(maxSlowdown !== undefined && broken.length + open.length === 0 && isWhole
      ? [`Nothing is more than ${most} slower.`]
      : []),
    ...verdicts.flatMap((verdict) => sentence(results, verdict)),
    ...(results.controls.contaminated
      ? ['The machine did not hold still meanwhile (see Controls): measure again before you rely on it.']
      : []),
    ...pairs.flatMap(({ base, failed }) =>
      failed === undefined ? [] : [`${base}: could not be measured to the end: ${failed}`],
    ),
    ...(added.length > 0
      ? [`New, and so compared with nothing: ${added.map((name) => `**${name}**`).join(', ')}.`]
      : []),
  ]
}

function sentence(results: Results, verdict: Verdict): readonly string[] {
  const found = (results.comparison?.pairs ?? []).flatMap((pair) => {
    const own = pair.operations.filter((operation) => operation.verdict === verdict)
    return own.length === 0
      ? []
      : [`**${pair.strategy}** ${own.map((one) => told(results, pair, one.operation, verdict)).join(', ')}`]
  })
  return found.length === 0
    ? []
    : [
        `${verdict === 'inconclusive' ? 'Neither faster, slower nor equal beyond chance' : `Head is ${verdict}`}: ${found.join('; ')}.`,
      ]
}

/** With the ratio that says so, where one does. */
function told(results: Results, pair: PairResult, operation: Operation, verdict: Verdict): string {
  if (verdict !== 'slower' && verdict !== 'faster') return operation
  const rows = [timeMetric(results), 'cpuUsPerOp' as const].flatMap(
    (metric) => rowOf(pair, operation, metric) ?? [],
  )
  const deciding = rows
    .filter((row) => row.verdict === verdict)
    .map((row) => `${metricNames[row.metric]} × ${ratioText(row)}`)
  return `${operation} (${deciding.join(', ')})`
}

/** For report.md and summary.md. */
export function comparison(results: Results): string {
  const found = results.comparison
  if (found === undefined) return ''
  const time = timeMetric(results)
  return [
    '## Head against base',
    '',
    `${versions(found)}. Both versions' servers took turns in the same blocks; ratios are head ÷ base of the same block, with 95 % intervals; ${time === 'throughput' ? 'for throughput above 1 is better, for the others below' : 'below 1 is better'}. ▲ faster, ▼ slower, = equivalent (interval inside ±5 %), ? inconclusive, adjusted for their number (Holm). δ is the smallest difference this run could have told. The twin is ${twinSource(results)} once more: what it shows is not there.`,
    '',
    table(verdictHead(found, time), verdictRows(results, found, time)),
    '',
    table(
      [
        'strategy',
        'operation',
        `base ${metricNames[time]}`,
        'head',
        'base CPU/op',
        'head',
        'p99 head ÷ base',
        'store p50 head ÷ base',
        'store p99 head ÷ base',
      ],
      figureRows(found, time),
    ),
  ].join('\n')
}

function verdictHead({ maxSlowdown }: ComparisonResult, time: Metric): readonly string[] {
  return [
    'strategy',
    'operation',
    'head is',
    ...(maxSlowdown === undefined ? [] : [`at most ${percent(maxSlowdown)} slower`]),
    `${metricNames[time]} head ÷ base`,
    'twin',
    'CPU/op head ÷ base',
    'twin',
  ]
}

/** Also the terminal's. */
export function verdictRows(
  results: Results,
  { pairs }: ComparisonResult,
  time: Metric,
): readonly (readonly string[])[] {
  return pairs.flatMap((pair) =>
    pair.operations.map(({ operation, verdict, limit }) => [
      pair.strategy,
      operation,
      verdict === 'slower' ? `**${verdict}**` : verdict,
      ...(limit === undefined ? [] : [limitWords[limit]]),
      ...[time, 'cpuUsPerOp' as const].flatMap((metric) => [
        cell(rowOf(pair, operation, metric)),
        twinCell(results, operation, metric),
      ]),
    ]),
  )
}

export const limitWords = { kept: 'yes', broken: '**no**', undecided: 'undecided' } as const

function figureRows({ pairs }: ComparisonResult, time: Metric): readonly (readonly string[])[] {
  return pairs.flatMap((pair) =>
    operations.map((operation) => {
      const own = [rowOf(pair, operation, time), rowOf(pair, operation, 'cpuUsPerOp')]
      return [
        pair.strategy,
        operation,
        ...own.flatMap((row) => [figure(row, row?.base), figure(row, row?.head)]),
        cell(rowOf(pair, operation, 'p99Us')),
        cell(rowOf(pair, operation, 'p50Us', 'store')),
        cell(rowOf(pair, operation, 'p99Us', 'store')),
      ]
    }),
  )
}

function figure(row: PairRow | undefined, value: number | null = null): string {
  return row?.metric === 'throughput' ? perSecond(value) : duration(value)
}

function cell(row: PairRow | undefined): string {
  return row === undefined
    ? '–'
    : `${ratioText(row)} ${verdictMark[row.verdict]} δ ${percent(row.detectable)}`
}

export function twinPlace({ controls }: Results, operation: Operation, metric: Metric): number {
  return controls.twin.ratios.findIndex(
    (ratio) => ratio.operation === operation && ratio.metric === metric && ratio.source === 'client',
  )
}

function twinCell(results: Results, operation: Operation, metric: Metric): string {
  const found = results.controls.twin.ratios[twinPlace(results, operation, metric)]
  return found === undefined ? '–' : ratioText(found)
}
