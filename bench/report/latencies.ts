import { type Metric, type Results, type TimingResult, timingRow } from '../results.js'
import type { Operation } from '../slices.js'
import { twinSource, verdictMark } from './comparison.js'
import { duration, percent, perSecond, ratioText } from './format.js'
import { label, table } from './table.js'

interface Column {
  readonly head: string
  readonly cell: (client: TimingResult, store: TimingResult | undefined) => string
}

/** An open loop has tables of its own for latencies, and its throughput is given. */
function closedColumns(baseline: string): readonly Column[] {
  return [
    { head: 'rank', cell: ({ rank }) => (rank === null ? '' : String(rank)) },
    { head: 'throughput', cell: ({ throughput }) => perSecond(throughput) },
    { head: `÷ ${baseline}`, cell: (client) => ratioCell(client, 'throughput') },
    { head: 'p50', cell: ({ p50Us }) => duration(p50Us) },
    { head: 'p95', cell: ({ p95Us }) => duration(p95Us) },
    { head: 'p99', cell: ({ p99Us }) => duration(p99Us) },
    { head: 'p99.9', cell: ({ p999Us }) => duration(p999Us) },
  ]
}

function costColumns(baseline: string): readonly Column[] {
  return [
    { head: 'store p50', cell: (_client, store) => duration(store?.p50Us ?? null) },
    {
      head: `÷ ${baseline}`,
      cell: (_client, store) => (store === undefined ? '' : ratioCell(store, 'p50Us')),
    },
    { head: 'store p99', cell: (_client, store) => duration(store?.p99Us ?? null) },
    { head: 'CPU/op', cell: ({ cpuUsPerOp }) => duration(cpuUsPerOp) },
    { head: `÷ ${baseline}`, cell: (client) => ratioCell(client, 'cpuUsPerOp') },
  ]
}

export function latencies(results: Results, operation: Operation): string {
  const { baseline, rate } = results.run
  const columns = [...(rate === undefined ? closedColumns(baseline) : []), ...costColumns(baseline)]
  const rows = timedArms(results).map(({ name, timing }) => {
    const client = timingRow(timing, operation, 'client')
    const store = timingRow(timing, operation, 'store')
    const isMeasured = client !== undefined && client.slices > 0
    return [name, ...columns.map(({ cell }) => (isMeasured ? cell(client, store) : '–'))]
  })
  const isDrawn = timedArms(results).some(
    ({ timing }) => (timingRow(timing, operation, 'client')?.slices ?? 0) > 0,
  )
  return [
    `## ${title(operation)}`,
    '',
    ...(isDrawn ? [picture(operation), ''] : []),
    table(['strategy', ...columns.map(({ head }) => head)], rows),
  ].join('\n')
}

/** Drawn beside report.md by `charts/files.ts`; its figures are those of the table below it. */
function picture(operation: Operation): string {
  return `![Latencies of ${operation} as distributions on a logarithmic axis, with p50 (blue, upper) and p99 (orange, lower) and their 95 % intervals](charts/latency-${operation}.svg)`
}

interface TimedArm {
  readonly name: string
  readonly timing: readonly TimingResult[]
}

/** Everything that was timed, in the order of the tables. */
export function timedArms({ strategies, controls: { noop } }: Results): readonly TimedArm[] {
  return [
    ...strategies
      .filter(({ timing }) => timing !== undefined)
      .map((strategy) => ({ name: label(strategy), timing: strategy.timing ?? [] })),
    { name: '(no-op store)', timing: noop.timing },
  ]
}

export function title(operation: Operation): string {
  return {
    write: 'Write: POST /captcha',
    read: 'Read: GET /captcha/:id/image',
    take: 'Take: POST /captcha/:id/verify',
  }[operation]
}

export function ratioCell(row: TimingResult, metric: Metric): string {
  const found = row.ratios.find((ratio) => ratio.metric === metric)
  if (found === undefined) return ''
  return `${ratioText(found)} ${verdictMark[found.verdict]} δ ${percent(found.detectable)}`
}

export function controls(results: Results): string {
  const { run } = results
  const { twin, noop, contaminated, driftBound, flags } = results.controls
  const source = twinSource(results)
  const rows = twin.ratios
    .filter(({ source }) => source === 'client')
    .map(({ operation, metric, detectable, ...interval }) => [
      operation,
      metric,
      ratioText(interval),
      interval.low <= 1 && interval.high >= 1 ? 'yes' : '**no**',
      percent(detectable),
    ])
  const drift = noop.drift.map(({ operation, ratio }) => `${operation} ${ratio.toFixed(2)}`).join(', ')
  return [
    '## Controls',
    '',
    `The twin is ${source} a second time, on servers of its own: its ratio shows what this run calls a difference where there is none.`,
    '',
    table(['operation', 'metric', `twin ÷ ${source}`, 'contains 1', 'detectable'], rows),
    '',
    `- No-op store, ${run.rate === undefined ? 'throughput' : 'p50'} of the second half of the blocks ÷ first: ${drift || 'not measured'}; bound ±${percent(driftBound)}: **${contaminated ? 'contaminated' : noop.drift.length === 0 ? 'not known' : 'not contaminated'}**.`,
    `- ${run.launches} launches, ${run.blocks} blocks; ${run.warmUps.settled} servers were warmed up until two windows agreed, ${run.warmUps.cap} until their time was up${spreadOf(run)}; ${percent(run.measuringShare)} of the time was spent in measured slices.`,
    ...flags.map((flag) => `- ${flag}.`),
  ].join('\n')
}

function spreadOf({ warmUps: { spread } }: Results['run']): string {
  return spread === undefined ? '' : `; ${spread} had each worker on one processor`
}

/** Each store alone: no HTTP, no other worker. Nanoseconds are told as microseconds from 1 µs on. */
export function microTable({ strategies }: Results): string {
  const rows = strategies.flatMap((strategy) => [
    ...(strategy.micro ?? []).map(({ operation, population, p50Ns, p99Ns, samples, warning }) => [
      label(strategy),
      operation,
      population.toLocaleString('en'),
      duration(p50Ns / 1_000),
      duration(p99Ns / 1_000),
      samples.toLocaleString('en'),
      warning === undefined ? '' : `clock too coarse: ${warning}`,
    ]),
    ...(strategy.microGaps ?? []).map(({ population, reason }) => [
      label(strategy),
      'left out',
      population.toLocaleString('en'),
      '–',
      '–',
      '–',
      reason,
    ]),
  ])
  if (rows.length === 0) return ''
  const header = ['store alone', 'operation', 'live captchas', 'p50', 'p99', 'samples', 'note']
  return [
    '## Each store alone',
    '',
    'In a process of its own, one call at a time, with so many captchas alive.',
    '',
    table(header, rows),
  ].join('\n')
}
