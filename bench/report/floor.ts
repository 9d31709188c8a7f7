import type { Results } from '../results.js'
import { type Operation, operations } from '../slices.js'
import { bytes, crew, duration, percent, perSecond, ratioText } from './format.js'
import { type LimitsFigures, limitsTable, limitsText } from './limits.js'
import { table } from './table.js'

/** floor.md: what HTTP and the harness cost where nothing is stored, and the least that storing costs. Pure. */

export interface FloorFigures {
  readonly run: Pick<Results['run'], 'startedAt' | 'command' | 'seed' | 'workers' | 'connections'> &
    Pick<Results['run'], 'launches' | 'blocks' | 'baseline'>
  readonly environment: Results['environment']
  /** The no-op store among them, and after it the servers without any. */
  readonly servers: readonly ServerFigures[]
  readonly noop: string
  readonly limits: LimitsFigures
  readonly harness: HarnessFigures
  readonly reference: ReferenceFigures
}

interface Interval {
  readonly value: number
  readonly low: number
  readonly high: number
}

/** One operation of one server. */
export interface ServerFigures {
  readonly name: string
  readonly operation: Operation
  /** Medians of its slices. */
  readonly throughput: number | null
  readonly cpuUsPerOp: number | null
  readonly ratios: readonly (Interval & { readonly baseline: string; readonly metric: string })[]
}

export interface HarnessFigures {
  readonly blocks: number
  /** Of each way and operation in a block. */
  readonly requests: number
  /** The first is what the others are compared with. */
  readonly ways: readonly WayFigures[]
}

/** One way of sending requests; an entry an operation, in their order. */
export interface WayFigures {
  readonly way: string
  readonly operations: readonly {
    readonly cpuUsPerOp: number
    /** ÷ the first way. */
    readonly ratio: Interval | undefined
  }[]
}

export interface JudgingFigures {
  readonly slices: number
  readonly histories: number
  readonly judgeMs: number
  readonly reportsMs: number
}

/** Where the timing study's wall time went, ms. */
export interface TimeSpent {
  /** All studies of the run. */
  readonly runMs: number
  readonly totalMs: number
  /** Starting servers. */
  readonly startingMs: number
  /** Windows of the warm-up. */
  readonly warmingMs: number
  /** Slices that are in a figure, until their server was idle again. */
  readonly slicesMs: number
  /** Everything else: fitting slices, unmeasured requests before each turn, records, ending servers. */
  readonly restMs: number
}

/** Of the committed run of the default command. */
export interface ReferenceFigures {
  readonly judging: JudgingFigures
  readonly firstSliceMs: number
  readonly spent: TimeSpent
}

export function floorReport(figures: FloorFigures): string {
  const { run, noop, limits } = figures
  const sections = [
    '# The floor: HTTP and the harness without a store, and the limits of stores',
    `Servers with the same routes and headers, at ${crew(run)} each and ${run.connections} connections: ours with \`${run.baseline}\`, the same once more (its twin), and ours with the no-op store, which remembers nothing; then Fastify without hooks and store, and Node's own \`http\` without a router, both under the same primary and workers, with constants for answers. They ran interleaved as in the timing study, judged by the same statistics; 95 % intervals. The load generator has the same processors: CPU time tells servers apart, throughput is the generator's too.`,
    '## Servers',
    againstBaseline(figures),
    `## What ours costs beyond a bare server`,
    `Bare server ÷ \`${noop}\` in the same block, and the CPU time per request that it does without: hooks, clocks, drawing a code, asking a store.`,
    againstNoop(figures),
    '## Limits',
    limitsText(limits, run.baseline),
    limitsTable(limits, run.baseline),
    '## What the load generator costs',
    `CPU time of the harness's own process for a request to the no-op store, and ÷ that of autocannon alone in the same block: ${figures.harness.blocks} blocks, of ${figures.harness.requests.toLocaleString('en')} requests for each way and operation, all ways in random order. The first is a run of autocannon's own with connections of its own. The second way is what every slice is sent by: connections kept open, each captcha handed over to another connection, headers read, the instance and the captcha of every answer checked. The third adds what the timing study does around a slice: the server's CPU time and idleness read, latencies summarised, the record written.`,
    harness(figures),
    '## Judging, and where the time of a run goes',
    reference(figures),
    '## Machine and command',
    machine(figures),
  ]
  return `${sections.join('\n\n')}\n`
}

const shown = ['throughput', 'p50Us', 'cpuUsPerOp'] as const

function againstBaseline({ servers, run: { baseline } }: FloorFigures): string {
  const rows = servers.map((server) => [
    server.name,
    server.operation,
    ...shown.map((metric) => (server.name === baseline ? '1' : ratioOf(server, baseline, metric))),
    perSecond(server.throughput),
    duration(server.cpuUsPerOp),
  ])
  const ratios = ['throughput', 'p50', 'CPU'].map((name) => `${name} ÷ ${baseline}`)
  return table(['server', 'operation', ...ratios, 'throughput', 'CPU per request'], rows)
}

function ratioOf({ ratios }: ServerFigures, baseline: string, metric: string): string {
  const found = ratios.find((ratio) => ratio.baseline === baseline && ratio.metric === metric)
  return found === undefined ? '–' : ratioText(found)
}

function againstNoop({ servers, noop }: FloorFigures): string {
  const bare = servers.slice(servers.findLastIndex(({ name }) => name === noop) + 1)
  const rows = bare.map((server) => {
    const own = servers.find(({ name, operation }) => name === noop && operation === server.operation)
    const ratio = server.ratios.find(({ baseline, metric }) => baseline === noop && metric === 'cpuUsPerOp')
    const usUnless = own?.cpuUsPerOp ?? null
    return [
      server.name,
      server.operation,
      ratioOf(server, noop, 'throughput'),
      ratioOf(server, noop, 'cpuUsPerOp'),
      duration(ratio === undefined || usUnless === null ? null : usUnless * (1 - ratio.value)),
    ]
  })
  return table(['server', 'operation', `throughput ÷ ${noop}`, `CPU ÷ ${noop}`, 'CPU saved'], rows)
}

function harness({ harness: { ways } }: FloorFigures): string {
  const rows = ways.map(({ way, operations: own }) => [
    way,
    ...own.map(({ cpuUsPerOp, ratio }) =>
      ratio === undefined ? duration(cpuUsPerOp) : `${duration(cpuUsPerOp)}, × ${ratioText(ratio)}`,
    ),
  ])
  return table(['the harness, µs of CPU a request', ...operations], rows)
}

function reference({ reference: { judging, firstSliceMs, spent } }: FloorFigures): string {
  const { slices, histories, judgeMs, reportsMs } = judging
  const parts: readonly (readonly [string, number])[] = [
    ['measured slices', spent.slicesMs],
    ['starting servers', spent.startingMs],
    ['warming them up', spent.warmingMs],
    ['the rest: fitting slices, requests before each turn, records, ending servers', spent.restMs],
  ]
  const rows = parts.map(([part, ms]) => [part, duration(ms * 1_000), percent(ms / spent.totalMs)])
  return [
    `- \`results/reference\`, a default run of ${slices.toLocaleString('en')} slices and ${histories} histories: judged in ${Math.round(judgeMs).toLocaleString('en')} ms, its reports written in ${Math.round(reportsMs).toLocaleString('en')} ms.`,
    `- The default run had its first slice on disk ${duration(firstSliceMs * 1_000)} after it was started (npm's build not counted).`,
    `- \`results/reference\` took ${duration(spent.runMs * 1_000)}; its timing study spent ${duration(spent.totalMs * 1_000)} of them, on:`,
    '',
    table(['part', 'time', 'share'], rows),
  ].join('\n')
}

function machine({ run, environment }: FloorFigures): string {
  const { cpu, cores, memoryBytes, system, node, libraries } = environment
  const versions = ['fastify', 'autocannon'].map((name) => `${name} ${libraries[name] ?? '?'}`).join(', ')
  return [
    `${cpu}, ${cores} cores, ${bytes(memoryBytes)}; ${system}; Node ${node}; ${versions}. Absolute times belong to this machine and day; ratios are worth comparing.`,
    '',
    `${run.launches} launches, ${run.blocks} blocks, seed ${run.seed}, ${run.startedAt}: \`${run.command}\``,
  ].join('\n')
}
