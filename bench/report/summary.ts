import { type Results, type TimingResult, timingRow } from '../results.js'
import { operations } from '../slices.js'
import { isJudged } from './answer.js'
import { comparison } from './comparison.js'
import { findings, machine } from './context.js'
import { earlierSection } from './earlier.js'
import { failureRates } from './failures.js'
import { duration, ratioText } from './format.js'
import { gateTable } from './gates.js'
import { ladder } from './ladder.js'
import { controls, timedArms } from './latencies.js'
import { defused, heading } from './markdown.js'
import { table } from './table.js'

/** By it a program finds the comment it wrote before, to write it anew. */
export const marker = '<!-- crossworker-report -->'

/** GitHub refuses comments of more than 65 536 characters; what a workflow adds must fit as well. */
const most = 64_000
const mostOfHeading = 12_000
const mostOfString = 400

/** summary.md: for job summaries and comments; the verdict first, under 64 000 characters whatever the run. Pure. */
export function summary(raw: Results): string {
  const results = defused(clipped(raw))
  const isTimed = results.run.studies.includes('timing')
  // Who compares two versions asks about them, and not which strategy to choose.
  const isTwofold = results.comparison !== undefined
  const sections = [
    ['head against base', comparison(results)],
    ['gates', gateTable(results)],
    ['the ladder', isTwofold ? '' : ladder(results)],
    ['verification failures', failureRates(results)],
    ['latencies', isTimed && !isTwofold ? latencyTable(results) : ''],
    ['the earlier run', earlierSection(results)],
    ['the machine', machine(results, results.run.command)],
    ['broken checks', broken(results)],
    ['controls', isTimed ? controls(results) : ''],
    ['findings', isTwofold ? '' : findings(results)],
  ] as const
  const first = `${marker}\n${shortened(heading(results))}`
  const kept: string[] = [first]
  const left: string[] = []
  for (const [name, text] of sections) {
    if (text === '') continue
    if ([...kept, text].join('\n\n').length < most - 500) kept.push(text)
    else left.push(name)
  }
  return `${[...kept, ...ending(left)].join('\n\n')}\n`
}

function ending(left: readonly string[]): readonly string[] {
  const whole = 'The whole report: report.html and report.md of this run.'
  return left.length === 0
    ? [whole]
    : [`Left out, to stay under ${most.toLocaleString('en')} characters: ${left.join(', ')}. ${whole}`]
}

/** Sentences of any length come from strategies and systems; none of them may crowd out the rest. */
function clipped(results: Results): Results {
  return JSON.parse(JSON.stringify(results), (_key, value) =>
    typeof value === 'string' && value.length > mostOfString ? `${value.slice(0, mostOfString)}…` : value,
  )
}

function shortened(text: string): string {
  const lines = text.split('\n')
  const fits = lines.filter((_, index) => lines.slice(0, index + 1).join('\n').length < mostOfHeading)
  const more = lines.length - fits.length
  return more === 0
    ? text
    : [...fits, `- … and ${more} more ${more === 1 ? 'sentence' : 'sentences'}.`].join('\n')
}

function latencyTable(results: Results): string {
  const { run } = results
  const isPaced = run.rate !== undefined
  const metric = isPaced ? 'p50Us' : 'throughput'
  const rows = timedArms(results).map(({ name, timing }) => [
    name,
    ...operations.flatMap((operation) => {
      const row = timingRow(timing, operation, 'client')
      return row === undefined || row.slices === 0
        ? ['–', '–', '–']
        : [duration(row.p50Us), duration(row.p99Us), ratioOf(row, metric)]
    }),
  ])
  const header = [
    'strategy',
    ...operations.flatMap((operation) => [`${operation} p50`, 'p99', `÷ ${run.baseline}`]),
  ]
  return [
    '## Latencies',
    '',
    `÷ ${run.baseline}: ${isPaced ? 'median latency, below 1 is better' : 'throughput, above 1 is better'}, with its 95 % interval.`,
    '',
    table(header, rows),
  ].join('\n')
}

function ratioOf({ ratios }: TimingResult, metric: 'throughput' | 'p50Us'): string {
  const found = ratios.find((ratio) => ratio.metric === metric)
  return found === undefined ? '' : ratioText(found)
}

/** Each with its first sentence. */
function broken({ strategies }: Results): string {
  const lines = strategies
    .filter(isJudged)
    .flatMap(({ name, correctness }) =>
      correctness.checks
        .filter(({ verdict }) => verdict === 'invalid')
        .map((check) => `- **${name}**, ${check.name}: ${check.evidence[0] ?? 'no sentence'}`),
    )
  return lines.length === 0 ? '' : ['## Broken checks', '', ...lines].join('\n')
}
