import Table from 'cli-table3'
import {
  type ComparisonResult,
  type Metric,
  type Results,
  type StrategyResult,
  type TimingResult,
  timingRow,
} from '../results.js'
import { operations } from '../slices.js'
import { answer } from './answer.js'
import { metricNames, timeMetric, verdictRows, versions } from './comparison.js'
import { earlierLines } from './earlier.js'
import { duration, percent, ratioText } from './format.js'
import { gateLines } from './gates.js'
import { recommendationLines } from './recommendation.js'

/** What a run ends with on the screen: one row a strategy, then the verdict. Pure. */
export function terminal(results: Results): string {
  const table = results.run.studies.includes('timing') ? `${timedTable(results)}\n\n` : ''
  const compared = results.comparison === undefined ? '' : `${pairTable(results, results.comparison)}\n\n`
  const lines = answer(results).map((line) => `• ${line.replaceAll('**', '')}\n`)
  const recommended = recommendationLines(results).map((line) => `${line}\n`)
  const held = [...earlierLines(results), ...gateLines(results)].map((line) => `${line}\n`)
  return `${table}${compared}${lines.join('')}${recommended.join('')}${held.join('')}`
}

function timedTable({ strategies, run }: Results): string {
  const table = new Table({
    head: [
      'strategy',
      'refused\ncross-worker',
      'refused\nsame worker',
      ...operations.flatMap((operation) => [`${operation}\np50`, `${operation}\n÷ ${run.baseline}`]),
      'CPU/take',
    ],
    colAligns: ['left', ...Array.from({ length: 9 }, () => 'right' as const)],
    style: { head: [], border: [], compact: true },
  })
  // An open loop's throughput is given: there only latencies can be compared.
  const metric = run.rate === undefined ? 'throughput' : 'p50Us'
  for (const strategy of strategies) table.push(rowOf(strategy, metric))
  const told =
    run.rate === undefined
      ? 'throughput ratio'
      : `p50 ratio at ${run.rate} requests/s, counted from when each was due,`
  return `${table.toString()}\n÷ ${run.baseline}: ${told} with its 95 % interval`
}

function pairTable(results: Results, comparison: ComparisonResult): string {
  const time = timeMetric(results)
  const ratio = (metric: Metric) => [`${metricNames[metric]}\nhead ÷ base`, 'twin']
  const limit = comparison.maxSlowdown === undefined ? [] : ['within\nlimit']
  const table = new Table({
    head: ['strategy', 'operation', 'head is', ...limit, ...ratio(time), ...ratio('cpuUsPerOp')],
    style: { head: [], border: [], compact: true },
  })
  for (const row of verdictRows(results, comparison, time))
    table.push(row.map((cell) => cell.replaceAll('**', '')))
  return `${table.toString()}\n${versions(comparison)}; δ: the smallest difference this run could have told`
}

function rowOf(strategy: StrategyResult, metric: Metric): string[] {
  const { name, exhibit, correctness, skipped } = strategy
  const shown = exhibit === undefined ? name : `${name} †`
  if (skipped !== undefined) return [shown, 'skipped', ...Array.from({ length: 8 }, () => '')]
  const failures = correctness?.verificationFailures
  const rate = (which: 'crossWorker' | 'sameWorker') =>
    failures === undefined || failures[which].attempts === 0 ? '–' : percent(failures[which].rate)
  return [
    shown,
    rate('crossWorker'),
    rate('sameWorker'),
    ...operations.flatMap((operation) => {
      const row = timingRow(strategy.timing, operation, 'client')
      return [duration(row?.p50Us ?? null), ratioCell(row, metric)]
    }),
    duration(timingRow(strategy.timing, 'take', 'client')?.cpuUsPerOp ?? null),
  ]
}

function ratioCell(row: TimingResult | undefined, metric: Metric): string {
  const found = row?.ratios.find((ratio) => ratio.metric === metric)
  return found === undefined ? '' : ratioText(found)
}
