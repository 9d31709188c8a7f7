import type { GrowthResult, Results, ScalingMetric, ScalingResult, ScalingSweepResult } from '../results.js'
import { duration, perSecond, ratioText } from './format.js'
import { label, table } from './table.js'

type Sweep = ScalingSweepResult['sweep']

/** How one sweep is told: what its columns show, and of which figures growth is told. */
export interface Telling {
  readonly sweep: Sweep
  readonly title: string
  readonly sizes: string
  readonly shown: ScalingMetric
  readonly figure: (value: number) => string
  readonly metrics: readonly (readonly [metric: ScalingMetric, name: string])[]
}

/** A generator busier than this measured itself. */
export const saturated = 0.98

export const tellings: readonly Telling[] = [
  {
    sweep: 'population',
    title: 'Live captchas',
    sizes: 'Median store time at so many live captchas',
    shown: 'storeP50Us',
    figure: duration,
    metrics: [
      ['storeP50Us', 'store p50'],
      ['cpuUsPerOp', 'CPU/op'],
    ],
  },
  {
    sweep: 'workers',
    title: 'Workers',
    sizes: 'Throughput of so many workers',
    shown: 'throughput',
    figure: perSecond,
    metrics: [
      ['throughput', 'throughput'],
      ['cpuUsPerOp', 'CPU/op'],
    ],
  },
  {
    sweep: 'connections',
    title: 'Connections',
    sizes: 'Throughput over so many connections',
    shown: 'throughput',
    figure: perSecond,
    metrics: [
      ['throughput', 'throughput'],
      ['clientP50Us', 'p50'],
    ],
  },
]

interface Named {
  readonly name: string
  readonly scaling: ScalingResult
}

/** What each strategy costs at one size and the next; empty when no study asked. Pure. */
export function scaling(results: Results): string {
  const { strategies, controls, run, environment } = results
  const named = [
    ...strategies.map((strategy) => ({ name: label(strategy), scaling: strategy.scaling })),
    { name: '(no-op store)', scaling: controls.noop.scaling },
  ].flatMap(({ name, scaling: found }) => (found === undefined ? [] : [{ name, scaling: found }]))
  if (named.length === 0) return ''
  return [
    '## Scaling',
    '',
    `One thing is varied at a time about ${run.workers} workers, ${run.connections} connections and 1,000 live captchas; all sizes of a strategy take turns in blocks. The exponent k of *figure ∝ sizeᵏ* says how a figure grows: 0 not at all, 0.5 as the square root, 1 in proportion; for a throughput 1 is perfect and 0 no gain, for a cost 0 is perfect. Brackets are 95 % intervals; they widen where the sizes do not lie on one line, and then the last step, between the two largest sizes alone, says where it leads. The no-op store is what HTTP and the harness make of size. Servers and load generator share ${environment.cores} cores.`,
    ...tellings.flatMap((telling) => sweepTable(named, telling)),
    ...notes(named),
  ].join('\n')
}

function sweepTable(named: readonly Named[], telling: Telling): readonly string[] {
  const { sweep, title, sizes: what, metrics } = telling
  const found = named.flatMap(({ name, scaling: { sweeps } }) =>
    sweeps.filter((row) => row.sweep === sweep).map((row) => ({ name, row })),
  )
  const sizes = [...new Set(found.flatMap(({ row }) => row.points.map(({ size }) => size)))].sort(
    (a, b) => a - b,
  )
  if (found.length === 0) return []
  const header = [
    'strategy',
    'operation',
    ...sizes.map((size) => size.toLocaleString('en')),
    ...metrics.flatMap(([, name]) => [`${name} ∝ sizeᵏ`, 'last step']),
  ]
  const rows = found.map(({ name, row }) => [
    name,
    row.operation,
    ...sizes.map((size) => cellOf(row, size, telling)),
    ...metrics.flatMap(([metric]) => growthCells(row.growth[metric])),
  ])
  return [
    '',
    `### ${title}`,
    '',
    `![${what}, a panel a strategy, on logarithmic axes: write solid, read dashed, take dotted](charts/scaling-${sweep}.svg)`,
    '',
    `${what}.`,
    '',
    table(header, rows),
  ]
}

function cellOf({ points }: ScalingSweepResult, size: number, { shown, figure }: Telling): string {
  const point = points.find((one) => one.size === size)
  const typical = point?.typical[shown]
  if (point === undefined || typical === undefined || typical === null) return '–'
  return `${figure(typical.value)}${point.generatorUtilisation > saturated ? ' ‡' : ''}`
}

function growthCells(growth: GrowthResult | null): readonly [string, string] {
  if (growth === null) return ['–', '–']
  const { exponent: value, low, high, lastStep } = growth
  return [ratioText({ value, low, high }), ratioText({ ...lastStep, value: lastStep.exponent })]
}

function notes(named: readonly Named[]): readonly string[] {
  const points = named.flatMap(({ scaling: { sweeps } }) => sweeps.flatMap((sweep) => sweep.points))
  const isSaturated = points.some(({ generatorUtilisation }) => generatorUtilisation > saturated)
  const gaps = named.flatMap(({ name, scaling: { gaps: own } }) =>
    own.map(
      ({ workers, connections, population, reason }) =>
        `- ${name}, ${workers} workers, ${connections} connections, ${population.toLocaleString('en')} captchas: left out: ${reason}.`,
    ),
  )
  const slices = points.map((point) => point.slices)
  return [
    '',
    `- Between ${Math.min(...slices)} and ${Math.max(...slices)} slices a figure. *–*: not measured, or in too few blocks or at fewer than three sizes for an exponent.`,
    '- Store times and latencies are those of accepted answers; CPU time and throughput are of all.',
    ...(isSaturated
      ? [`- ‡ the load generator was more than ${saturated * 100} % busy: it measured itself.`]
      : []),
    ...gaps,
  ]
}
