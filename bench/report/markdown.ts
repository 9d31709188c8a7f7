import type {
  CorrectnessResult,
  FailuresResult,
  Metric,
  RatioResult,
  Results,
  StrategyResult,
  TimingResult,
} from '../results.js'
import { type Operation, operations } from '../slices.js'
import { answer, isJudged } from './answer.js'
import { bytes, duration, percent, perSecond, ratioText } from './format.js'

/** report.md: the verdict first, then what it rests on. Pure: the same results give the same bytes. */
export function markdown(results: Results): string {
  const sections = [
    heading(results),
    failureRates(results),
    matrix(results),
    story(results),
    ...operations.map((operation) => latencies(results, operation)),
    controls(results),
    findings(results),
    limits(results),
    machine(results),
  ]
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`
}

function heading(results: Results): string {
  const lines = answer(results).map((line) => `- ${line}`)
  return [`# crossworker: ${results.run.id}`, '', ...lines].join('\n')
}

function table(header: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(escapeCell).join(' | ')} |`
  const rule = `|${header.map((_, index) => (index === 0 ? '---' : '---:')).join('|')}|`
  return [line(header), rule, ...rows.map(line)].join('\n')
}

/** A third party names its own strategy: no cell may end the table or become markup. */
function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;').replaceAll('\n', ' ')
}

function failureRates({ strategies, run }: Results): string {
  const rows = strategies.filter(isJudged).map((strategy) => {
    const { verificationFailures, observedScope } = strategy.correctness
    const { overall, sameWorker, crossWorker } = verificationFailures
    return [
      label(strategy),
      strategy.claims.scope,
      observedScope,
      failureCell(crossWorker),
      failureCell(sameWorker),
      failureCell(overall),
    ]
  })
  return [
    '## Verification failures',
    '',
    `A correct answer, sent once, to whichever of ${run.workers} workers the connection reached. Percent of such takes that were refused, with the 95 % Wilson interval and their number; where none was, the upper bound (rule of three).`,
    '',
    table(['strategy', 'claims', 'observed', 'cross-worker', 'same worker', 'overall'], rows),
  ].join('\n')
}

function label({ name, exhibit }: StrategyResult): string {
  return exhibit === undefined ? name : `${name} †`
}

function failureCell({ attempts, failures, rate, low, high }: FailuresResult): string {
  if (attempts === 0) return 'not tried'
  const bound = failures === 0 ? `≤ ${percent(high)}` : `${percent(low)} – ${percent(high)}`
  return `${percent(rate)} (${bound}; n = ${attempts.toLocaleString('en')})`
}

/** The one that refuses most across workers while it refuses none on the same one is the clearest picture. */
function mostTelling({
  strategies,
}: Results): (StrategyResult & { correctness: CorrectnessResult }) | undefined {
  const losing = strategies.filter(isJudged).filter(({ correctness }) => correctness.witness !== undefined)
  const score = ({ correctness }: { correctness: CorrectnessResult }) =>
    correctness.verificationFailures.crossWorker.rate - correctness.verificationFailures.sameWorker.rate
  return losing.toSorted((a, b) => score(b) - score(a))[0]
}

function matrix(results: Results): string {
  const chosen = mostTelling(results)
  if (chosen === undefined) return ''
  const workers = chosen.correctness.matrix.map((_, worker) => `verified by ${worker}`)
  const rows = chosen.correctness.matrix.map((row, issuer) => [
    `issued by ${issuer}`,
    ...row.map(({ attempts, failures }) => (attempts === 0 ? '–' : `${failures}/${attempts}`)),
  ])
  return [
    `## Issuer × verifier: ${chosen.name}`,
    '',
    'Refused of tried.',
    '',
    table([chosen.name, ...workers], rows),
  ].join('\n')
}

function story(results: Results): string {
  const chosen = mostTelling(results)
  const witness = chosen?.correctness.witness
  if (chosen === undefined || witness === undefined) return ''
  return [
    `One captcha of this run, under ${chosen.name}:`,
    '',
    `- **Time 0:** worker ${witness.issuer} issued captcha \`${witness.id}…\`.`,
    `- **Time 1** (${witness.afterMs.toFixed(0)} ms later)**:** worker ${witness.verifier} was given the right answer and said *${witness.outcome}*.`,
  ].join('\n')
}

function latencies({ strategies, controls, run }: Results, operation: Operation): string {
  const named = [
    ...strategies
      .filter(({ timing }) => timing !== undefined)
      .map((strategy) => ({ name: label(strategy), timing: strategy.timing ?? [] })),
    { name: '(no-op store)', timing: controls.noop.timing },
  ]
  const rows = named.map(({ name, timing }) => {
    const client = timing.find((row) => row.operation === operation && row.source === 'client')
    const store = timing.find((row) => row.operation === operation && row.source === 'store')
    return [name, ...timingCells(client, store)]
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

function controls({ controls: { twin, noop, contaminated, driftBound, flags }, run }: Results): string {
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
  const warmUps = run.warmUps
    .map(({ rounds, ended }) => `${rounds} rounds (${ended === 'settled' ? 'settled' : 'cap reached'})`)
    .join(', ')
  return [
    '## Controls',
    '',
    `The twin is ${run.baseline} a second time, on servers of its own: its ratio shows what this run calls a difference where there is none.`,
    '',
    table(['operation', 'metric', `twin ÷ ${run.baseline}`, 'contains 1', 'detectable'], rows),
    '',
    `- No-op store, second half of the blocks ÷ first: ${drift || 'not measured'}; bound ±${percent(driftBound)}: **${contaminated ? 'contaminated' : 'not contaminated'}**.`,
    `- ${run.launches} launches, ${run.blocks} blocks; warm-ups: ${warmUps || 'none'}; ${percent(run.measuringShare)} of the time was spent in measured slices.`,
    ...flags.map((flag) => `- ${flag}.`),
  ].join('\n')
}

function findings(results: Results): string {
  const rows = results.findings.map(
    ({ claim, measured, verdict }, index) => `${index + 1}. **${verdict}**: ${claim}\n   ${measured}`,
  )
  return ['## Findings', '', "The design note's sentences, held against this run.", '', ...rows].join('\n')
}

function limits({ run }: Results): string {
  return [
    '## How to read it, and what it does not show',
    '',
    `- Brackets are 95 % intervals over launches and blocks. Ratios are paired within a block against ${run.baseline}; for throughput above 1 is better, for the others below. ▲ faster, ▼ slower, = equivalent (interval inside ±5 %), ? inconclusive; verdicts are adjusted for their number (Holm). δ is the smallest difference this run could have told. Strategies whose intervals overlap share a rank.`,
    '- Latencies are those of accepted answers. Throughput counts every answer: a refusal is work too.',
    '- Absolute times belong to this machine on this day; only ratios of one run compare.',
    '- Pictures were not drawn (`RENDER=none`): svg-captcha adds about 0.2 ms of CPU time to each read of any strategy.',
    '- The load is a closed loop on the loopback interface, from the machine the servers run on.',
    '- No race was forced, no process killed, no disk filled: single use and durability are not exercised by this study.',
    '- † an exhibit: wrong on purpose; its broken claims do not fail a run.',
  ].join('\n')
}

function machine({ environment, run }: Results): string {
  const { cpu, cores, memoryBytes, system, node, crossworker, libraries, loadAverage, steal } = environment
  const versions = Object.entries(libraries).map(([name, version]) => `${name} ${version}`)
  return [
    '## Machine',
    '',
    `${cpu}, ${cores} cores, ${bytes(memoryBytes)}; ${system}; Node ${node}; crossworker ${crossworker}, ${versions.join(', ')}.`,
    `Load average before the run ${loadAverage.toFixed(2)}${steal === null ? '' : `; ${percent(steal)} of CPU time since boot stolen by the host`}.`,
    '',
    '```sh',
    run.command,
    '```',
    '',
    `Seed ${run.seed}; ${run.workers} workers, ${run.connections} connections; ${run.wallSeconds.toFixed(0)} s; started ${run.startedAt}.`,
  ].join('\n')
}
