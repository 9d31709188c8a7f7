import { type OpenLoopResult, type Results, type TimingResult, timingRow } from '../results.js'
import { type Operation, operations } from '../slices.js'
import { duration, percent, perSecond } from './format.js'
import { ratioCell, timedArms, title } from './latencies.js'
import { table } from './table.js'

/** What only an open loop can tell; nothing in a closed one. Pure. */
export function openLoop(results: Results): string {
  const { rate, connections } = results.run
  if (rate === undefined) return ''
  return [
    `## Open loop at ${rate.toLocaleString('en')} requests/s`,
    '',
    `Requests came at an even pace, whether or not those before them had been answered, over ${connections} connections; one that found none free waited for one. Latencies count from the moment a request was due: when a server stalls for 200 ms, every request that was due in these 200 ms shows it. *Uncorrected* ones count from the moment of sending, as load generators do that send the next request after the last answer: there the same stall shows once a connection. The further the two are apart, the longer requests waited to be sent.`,
    '',
    `*Late*: sent more than 1 ms after they were due. *Dropped*: never sent, because twice the time of the slice was up. Where the pace was not achieved, the strategy could not keep it on this machine over these connections: then the latencies are those of a queue that grows, a slice of another length would show others, and only dropped and achieved tell. Whoever dropped more than 1 % of all its requests is marked *not kept* and compared with nobody.`,
    ...operations.flatMap((operation) => ['', ...tableOf(results, operation)]),
    '',
    ownLag(results),
  ].join('\n')
}

function tableOf(results: Results, operation: Operation): readonly string[] {
  const header = [
    'strategy',
    'achieved',
    'p50',
    `÷ ${results.run.baseline}`,
    'p99',
    'p99.9',
    'max',
    'uncorrected p50',
    'p99',
    'max',
    'late',
    'dropped',
  ]
  const rows = timedArms(results).map(({ name, timing }) => [
    name,
    ...cells(timingRow(timing, operation, 'client'), header.length - 1),
  ])
  return [`### ${title(operation)}`, '', table(header, rows)]
}

function cells(row: TimingResult | undefined, width: number): readonly string[] {
  const paced = row?.openLoop
  if (row === undefined || paced === undefined || row.slices === 0)
    return Array.from({ length: width }, () => '–')
  const { uncorrected, achieved, sent, late, dropped } = paced
  return [
    perSecond(achieved),
    duration(row.p50Us),
    paced.kept ? ratioCell(row, 'p50Us') : 'not kept',
    duration(row.p99Us),
    duration(row.p999Us),
    duration(row.maxUs),
    duration(uncorrected.p50Us),
    duration(uncorrected.p99Us),
    duration(uncorrected.maxUs),
    shareOf(late, sent),
    shareOf(dropped, sent + dropped),
  ]
}

function shareOf(part: number, whole: number): string {
  return whole === 0 ? '–' : percent(part / whole)
}

/** Whatever the pacer adds, it adds to every strategy: a reader must know how much that is. */
function ownLag(results: Results): string {
  const lagsUs = timedArms(results).flatMap(({ timing }) =>
    timing.flatMap(({ openLoop: paced }: { openLoop?: OpenLoopResult }) => paced?.pacerLagP99Us ?? []),
  )
  if (lagsUs.length === 0)
    return 'No request found a connection free: nothing is known of how well the pacer keeps time.'
  return `The pacer's own lag, where a connection stood free: ${duration(Math.min(...lagsUs))} to ${duration(Math.max(...lagsUs))} at the 99th percentile of the typical slice, by strategy and operation; it is part of the latencies.`
}
