import { isQueue, type Results, type StrategyResult } from '../../results.js'
import { operations, type SliceRecord } from '../../slices.js'
import { exportName } from './name.js'

type Pair = readonly [unit: string, of: (slice: SliceRecord) => number | null]

/** Units end in what Go's tools know how to scale. */
const pairs: readonly Pair[] = [
  ['ns/op', ({ clientP50Us }) => scaled(clientP50Us)],
  ['store-ns/op', ({ storeP50Us }) => scaled(storeP50Us)],
  ['cpu-ns/op', ({ cpuUsPerOp }) => scaled(cpuUsPerOp)],
  ['req/s', ({ throughput }) => throughput],
]

/**
 * Go's benchmark format (proposal 14313), for benchstat: a line a block, since it needs samples. Whatever two runs must share
 * to be compared is configuration, by which benchstat keeps tables apart; what tells runs apart is in comments.
 */
export function goBenchmark(results: Results, slices: readonly SliceRecord[] = []): string {
  const { run, environment, strategies } = results
  const lines = strategies.flatMap((strategy) =>
    operations.flatMap((operation) =>
      slices
        .filter((slice) => slice.arm === strategy.name && slice.operation === operation && isMeasured(slice))
        .flatMap((slice) => lineOf(slice, pairsOf(strategy), run.workers)),
    ),
  )
  if (lines.length === 0) return ''
  return `${[
    `# crossworker ${oneLine(run.id)}: a line a block; ns/op is the median latency of a slice as the client saw it.`,
    '# Blocks of one launch are more alike than launches: benchstat takes them for independent.',
    'pkg: crossworker',
    `cpu: ${oneLine(environment.cpu)}`,
    `cores: ${environment.cores}`,
    `system: ${oneLine(environment.system.split(' ')[0] ?? '')}`,
    `node: ${oneLine(environment.node.replace(/^v?(\d+).*$/s, '$1'))}`,
    `topology: ${run.topology ?? 'processes'}`,
    `hosts: ${run.hosts ?? 1}`,
    `connections: ${run.connections}`,
    ...(run.rate === undefined ? [] : [`rate: ${run.rate}`]),
    'Unit store-ns/op better=lower',
    'Unit cpu-ns/op better=lower',
    'Unit req/s better=higher',
    ...lines,
  ].join('\n')}\n`
}

function isMeasured({ block, void: reason }: SliceRecord): boolean {
  return block >= 0 && reason === undefined
}

function pairsOf({ timing = [] }: StrategyResult): readonly Pair[] {
  const queues = timing.some((row) => isQueue(row, 'p50Us'))
  return pairs.filter(([unit]) => unit !== 'ns/op' || !queues)
}

/** None, of a slice that has nothing to tell. */
function lineOf(slice: SliceRecord, own: readonly Pair[], workers: number): readonly string[] {
  const told = own.flatMap(([unit, of]) => {
    const value = of(slice)
    return value === null ? [] : [`${Number(value.toPrecision(7))} ${unit}`]
  })
  if (told.length === 0) return []
  const name = `BenchmarkCaptcha/strategy=${exportName(slice.arm)}/op=${slice.operation}-${workers}`
  return [`${name}\t${slice.requests}\t${told.join('\t')}`]
}

function scaled(us: number | null): number | null {
  return us === null ? null : us * 1_000
}

function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\p{Cs}]/gu, ' ')
}
