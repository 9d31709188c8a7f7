import { type Metric, type RatioResult, type Results, type TimingResult, timingRow } from '../results.js'
import type { Operation } from '../slices.js'
import { duration, percent, perSecond, ratioText } from './format.js'
import { label, table } from './table.js'

export function latencies({ strategies, controls, run }: Results, operation: Operation): string {
  const named = [
    ...strategies
      .filter(({ timing }) => timing !== undefined)
      .map((strategy) => ({ name: label(strategy), timing: strategy.timing ?? [] })),
    { name: '(no-op store)', timing: controls.noop.timing },
  ]
  const rows = named.map(({ name, timing }) => {
    return [
      name,
      ...timingCells(timingRow(timing, operation, 'client'), timingRow(timing, operation, 'store')),
    ]
  })
  const header = [
    'strategy',
    'rank',
    'throughput',
    `÷ ${run.baseline}`,
    'p50',
    'p95',
    'p99',
    'p99.9',
    'store p50',
    `÷ ${run.baseline}`,
    'store p99',
    'CPU/op',
    `÷ ${run.baseline}`,
  ]
  return [`## ${title(operation)}`, '', table(header, rows)].join('\n')
}

function title(operation: Operation): string {
  return {
    write: 'Write: POST /captcha',
    read: 'Read: GET /captcha/:id/image',
    take: 'Take: POST /captcha/:id/verify',
  }[operation]
}

function timingCells(client: TimingResult | undefined, store: TimingResult | undefined): readonly string[] {
  if (client === undefined || client.slices === 0) return Array.from({ length: 12 }, () => '–')
  return [
    client.rank === null ? '' : String(client.rank),
    perSecond(client.throughput),
    ratioCell(client, 'throughput'),
    duration(client.p50Us),
    duration(client.p95Us),
    duration(client.p99Us),
    duration(client.p999Us),
    duration(store?.p50Us ?? null),
    store === undefined ? '' : ratioCell(store, 'p50Us'),
    duration(store?.p99Us ?? null),
    duration(client.cpuUsPerOp),
    ratioCell(client, 'cpuUsPerOp'),
  ]
}

const verdictMark: Readonly<Record<RatioResult['verdict'], string>> = {
  faster: '▲',
  slower: '▼',
  equivalent: '=',
  inconclusive: '?',
}

function ratioCell(row: TimingResult, metric: Metric): string {
  const found = row.ratios.find((ratio) => ratio.metric === metric)
  if (found === undefined) return ''
  return `${ratioText(found)} ${verdictMark[found.verdict]} δ ${percent(found.detectable)}`
}

export function controls({
  controls: { twin, noop, contaminated, driftBound, flags },
  run,
}: Results): string {
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
    `The twin is ${run.baseline} a second time, on servers of its own: its ratio shows what this run calls a difference where there is none.`,
    '',
    table(['operation', 'metric', `twin ÷ ${run.baseline}`, 'contains 1', 'detectable'], rows),
    '',
    `- No-op store, second half of the blocks ÷ first: ${drift || 'not measured'}; bound ±${percent(driftBound)}: **${contaminated ? 'contaminated' : noop.drift.length === 0 ? 'not known' : 'not contaminated'}**.`,
    `- ${run.launches} launches, ${run.blocks} blocks; ${run.warmUps.settled} servers were warmed up until two windows agreed, ${run.warmUps.cap} until their time was up; ${percent(run.measuringShare)} of the time was spent in measured slices.`,
    ...flags.map((flag) => `- ${flag}.`),
  ].join('\n')
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
