import { type ChangeResult, type EarlierResult, metrics, type Results, storeMetrics } from '../results.js'
import { type Operation, operations } from '../slices.js'
import { title } from './latencies.js'
import { formats } from './shown.js'
import { table } from './table.js'

/** This run beside the one that `--baseline` named. Pure. */

const heads = { throughput: 'throughput', p50Us: 'p50', p99Us: 'p99', cpuUsPerOp: 'CPU/op' } as const

/** What is compared, in the order of its columns. */
export const changeColumns: readonly (readonly [head: string, Pick<ChangeResult, 'source' | 'metric'>])[] = [
  ...metrics.map((metric) => [heads[metric], { source: 'client' as const, metric }] as const),
  ...storeMetrics.map((metric) => [`store ${heads[metric]}`, { source: 'store' as const, metric }] as const),
]

/** What a reader must know of a comparison between runs. */
export const unpaired =
  'runs of different machines or days are not paired: what changed may be the machine or the day'

/** Warning first. */
export function earlierSentences(
  { run, differences, changes }: EarlierResult,
  baseline: string,
): readonly string[] {
  return [
    `Compared with ${run.id}, started ${run.startedAt}: **${unpaired}**, whatever the intervals say.`,
    ...differences.map((difference) => `**Not alike**: ${difference}.`),
    ...moved(changes, baseline),
    ...(changes.some(({ ratio }) => ratio !== undefined)
      ? [
          `The second table of each operation is of ratios to ${baseline}, which each run has paired by block: a machine that was slower that day is in both and cancels out.`,
        ]
      : []),
    `Verdicts read each interval alone and are adjusted for nothing: of a hundred comparisons of the same, about five call themselves different.`,
  ]
}

/** A strategy that both runs hold everything against is the one that ought not to have changed. */
function moved(changes: readonly ChangeResult[], baseline: string): readonly string[] {
  const found = changes.filter(
    ({ strategy, source, metric }) => strategy === baseline && source === 'client' && metric === 'cpuUsPerOp',
  )
  if (found.length === 0) return []
  const told = found.map((change) => `${formats.change(change)} (${change.operation})`).join(', ')
  return [`${baseline} itself moved by so much CPU time per request: ${told}.`]
}

export function strategiesOf(changes: readonly ChangeResult[], operation: Operation): readonly string[] {
  return [
    ...new Set(changes.filter((change) => change.operation === operation).map(({ strategy }) => strategy)),
  ]
}

export function placeOf(
  changes: readonly ChangeResult[],
  wanted: Pick<ChangeResult, 'strategy' | 'operation' | 'source' | 'metric'>,
): number {
  return changes.findIndex(
    ({ strategy, operation, source, metric }) =>
      strategy === wanted.strategy &&
      operation === wanted.operation &&
      source === wanted.source &&
      metric === wanted.metric,
  )
}

export function earlierSection({ earlier, run }: Results): string {
  if (earlier === undefined) return ''
  const { changes } = earlier
  const tables = operations.flatMap((operation) => {
    const plain = rowsOf(changes, operation, formats.change)
    const paired = rowsOf(
      changes.filter(({ ratio }) => ratio !== undefined),
      operation,
      ({ ratio }) => (ratio === undefined ? '–' : formats.change(ratio)),
    )
    const heads = changeColumns.map(([head]) => head)
    const told = [
      ...(plain.length > 0 ? [table(['now ÷ then', ...heads], plain)] : []),
      ...(paired.length > 0 ? [table([`of its ratio to ${run.baseline}`, ...heads], paired)] : []),
    ]
    return told.length === 0 ? [] : [`### ${title(operation)}`, ...told]
  })
  return [
    '## Beside the earlier run',
    earlierSentences(earlier, run.baseline)
      .map((sentence) => `- ${sentence}`)
      .join('\n'),
    ...(tables.length === 0 ? ['Nothing was measured often enough in both.'] : tables),
  ].join('\n\n')
}

function rowsOf(
  changes: readonly ChangeResult[],
  operation: Operation,
  told: (change: ChangeResult) => string,
): readonly (readonly string[])[] {
  return strategiesOf(changes, operation).map((strategy) => [
    strategy,
    ...changeColumns.map(([, of]) => {
      const found = changes[placeOf(changes, { strategy, operation, ...of })]
      return found === undefined ? '–' : told(found)
    }),
  ])
}

/** For the screen: the warning, and how much of each there was. */
export function earlierLines({ earlier, run }: Results): readonly string[] {
  if (earlier === undefined) return []
  const words = ['faster', 'slower', 'equivalent', 'inconclusive'] as const
  const tally = (found: readonly { readonly verdict: ChangeResult['verdict'] }[]) =>
    words.map((word) => `${found.filter(({ verdict }) => verdict === word).length} ${word}`).join(', ')
  return [
    `• Beside ${earlier.run.id}: ${tally(earlier.changes)}; of ratios to ${run.baseline}: ${tally(earlier.changes.flatMap(({ ratio }) => ratio ?? []))}.`,
    `  But ${unpaired}.`,
    ...earlier.differences.map((difference) => `  Not alike: ${difference}.`),
  ]
}
