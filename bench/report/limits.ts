import type { ServerFigures } from './floor.js'
import { duration, ratioText } from './format.js'
import { table } from './table.js'

/** How near ours come to the least that their media allow. Pure. */

export interface LimitsFigures {
  readonly launches: number
  readonly blocks: number
  /** What is told, in this order. */
  readonly pairs: readonly { readonly name: string; readonly ours: string }[]
  /** Ours and their limits; of a limit also ÷ ours. */
  readonly servers: readonly ServerFigures[]
  /** Why some of ours could not run here, a line each. */
  readonly skipped: readonly string[]
}

type Ratio = ServerFigures['ratios'][number]

export function limitsTable({ pairs, servers }: LimitsFigures, baseline: string): string {
  const of = (wanted: string) => servers.filter(({ name }) => name === wanted)
  const rows = pairs.flatMap(({ name, ours }) =>
    of(name).map((limit) => {
      const own = of(ours).find(({ operation }) => operation === limit.operation)
      return [
        `${ours} ÷ ${name}`,
        limit.operation,
        inverseText(ratioOf(limit, ours, 'throughput')),
        inverseText(ratioOf(limit, ours, 'cpuUsPerOp')),
        plainText(ratioOf(limit, baseline, 'throughput')),
        plainText(ratioOf(limit, baseline, 'cpuUsPerOp')),
        plainText(own && ratioOf(own, baseline, 'throughput')),
        `${duration(own?.cpuUsPerOp ?? null)} · ${duration(limit.cpuUsPerOp)}`,
      ]
    }),
  )
  const header = [
    ...['ours ÷ its limit', 'operation', 'throughput', 'CPU'],
    ...[`limit ÷ ${baseline}: throughput`, 'CPU'],
    ...[`ours ÷ ${baseline}: throughput`, 'CPU per request, ours · limit'],
  ]
  return table(header, rows)
}

function ratioOf({ ratios }: ServerFigures, baseline: string, metric: string): Ratio | undefined {
  return ratios.find((ratio) => ratio.baseline === baseline && ratio.metric === metric)
}

function plainText(ratio: Ratio | undefined): string {
  return ratio === undefined ? '–' : ratioText(ratio)
}

/** Ours ÷ limit, of limit ÷ ours: estimated as a logarithm, it is the same the other way round. */
function inverseText(ratio: Ratio | undefined): string {
  if (ratio === undefined) return '–'
  return ratioText({ value: 1 / ratio.value, low: 1 / ratio.high, high: 1 / ratio.low })
}

export function limitsText({ launches, blocks, skipped }: LimitsFigures, baseline: string): string {
  const what =
    'For each of ours, a strategy of some 30 lines that does the least on the same medium that could be called the same service, or, of what asks the primary, the empty question alone: no checks, no expiry, no sweeps, no second attempts, no bounds'
  const how = `They ran beside ours, \`${baseline}\`, its twin and the no-op store in a run of their own, ${launches} launches and ${blocks} blocks, all with slices of one length: throughput ÷ limit shows how much of what the medium allows ours keeps (1 is all of it), limit ÷ \`${baseline}\` what nobody could do better here.`
  return [`${what}. ${how}`, ...skipped.map((reason) => `Not here: ${reason}.`)].join('\n\n')
}
