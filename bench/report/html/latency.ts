import type { TimingResult } from '../../results.js'
import { type Operation, operations } from '../../slices.js'
import { type Axis, logAxis } from '../charts/axis.js'
import { type Column, distribution } from '../charts/distribution.js'
import { axisFigure, stripFigure } from '../charts/frame.js'
import { duration } from '../format.js'
import { title } from '../latencies.js'
import { valueAt } from '../shown.js'
import { html, type Markup, type Part } from './markup.js'
import { details, mainMetric, nameOf, type Page, section, table, timingPath } from './page.js'

type Source = TimingResult['source']

interface Arm {
  readonly name: Markup
  readonly plain: string
  readonly place: number | 'noop'
  readonly path: string
  readonly row: TimingResult
}

/** Latency per operation as distributions, as the client and as the store saw it. */
export function latencySection(page: Page): Markup {
  return section(
    {
      id: 'latency',
      title: 'Latency',
      lead: 'Every accepted answer, on an axis where equal factors are equal distances. The hill is the distribution; the marks below it are the median and the 99th percentile with their 95 % intervals over launches and blocks.',
    },
    html`<p class="note"><span class="key typical"></span> p50 (upper), <span class="key tail"></span> p99 (lower). A column of a hill is a sixteenth of a decade; each hill is scaled to its own height, and whatever holds a request is at least a hair high. The value is of all requests, the interval of the typical slice or launch, so that a tail may lie outside it. ÷: ratio paired by block, 95 % interval: ▲ faster, ▼ slower, = equivalent (inside ±5 %), ? inconclusive.</p>`,
    operations.map(
      (operation) =>
        html`<h3 id="latency-${operation}">${title(operation)}</h3>${figure(page, operation, 'client')}${figure(page, operation, 'store')}${data(page, operation)}`,
    ),
  )
}

/** Everything of which something was measured, the no-op last. */
export function armsOf(page: Page, operation: Operation, source: Source): readonly Arm[] {
  const { results } = page
  const named = [
    ...results.strategies.map((strategy, place) => ({
      name: nameOf(strategy),
      plain: strategy.name,
      place,
    })),
    { name: html`<i>no-op store</i>`, plain: 'no-op store', place: 'noop' as const },
  ]
  return named.flatMap((arm) => {
    const path = timingPath(results, arm.place, { operation, source })
    if (path === undefined) return []
    return [{ ...arm, path, row: valueAt(results, path) as TimingResult }]
  })
}

/** What a reader filters by; the control stays. */
export function rowOf({ place }: Arm, cells: readonly Part[]) {
  return { strategy: place === 'noop' ? undefined : place, cells }
}

const told: Readonly<Record<Source, string>> = {
  client: 'as the client saw it',
  store: 'in the store alone',
}

function figure(page: Page, operation: Operation, source: Source): Markup {
  const arms = armsOf(page, operation, source)
  const drawn = arms.map((arm) => ({ arm, columns: distribution(arm.row) }))
  const axis = logAxis([
    ...drawn.flatMap(({ columns = [] }) =>
      columns.flatMap(({ fromUs, toUs }) => [fromUs * 1.01, toUs * 0.99]),
    ),
    ...arms.flatMap(({ row }) => [row.p50Us ?? 0, row.p99Us ?? 0]),
  ])
  const metric = source === 'client' ? mainMetric(page.results) : 'p50Us'
  const what = metric === 'throughput' ? 'throughput' : source === 'store' ? 'store p50' : 'p50'
  return table({
    caption: `${operation}, ${told[source]}`,
    kind: 'strips',
    head: [
      'strategy',
      axisFigure(axis, duration),
      'p50',
      'p99',
      html`${what} ÷ <bdi data-baseline>${page.results.run.baseline}</bdi>`,
    ],
    words: [1],
    labels: ['', 'p50', 'p99', `${what} ÷`],
    rows: drawn.map(({ arm, columns }) =>
      rowOf(arm, [
        arm.name,
        hillOf(arm, columns, axis, operation),
        quantile(page, arm, 'p50Us'),
        quantile(page, arm, 'p99Us'),
        arm.place === 'noop' ? '' : page.ratio(arm.place, { operation, source, metric }),
      ]),
    ),
  })
}

function hillOf(
  { plain, row }: Arm,
  columns: readonly Column[] | undefined,
  axis: Axis,
  operation: Operation,
): Markup {
  const { p50Us, p99Us, intervals } = row
  if (columns === undefined) return html`<em>its histogram cannot be read</em>`
  return stripFigure(
    axis,
    {
      columns,
      marks: [
        { at: p50Us, interval: intervals.p50Us, ink: 'typical' },
        { at: p99Us, interval: intervals.p99Us, ink: 'tail' },
      ],
    },
    `${plain}, ${operation}: half of the accepted answers within ${duration(p50Us)}, 99 % within ${duration(p99Us)}`,
  )
}

function quantile(page: Page, { path, row }: Arm, which: 'p50Us' | 'p99Us'): Markup {
  return html`${page.show(`${path}.${which}`, 'duration')}${row.intervals[which] !== null && html`<small>${page.show(`${path}.intervals.${which}`, 'durations')}</small>`}`
}

const quantiles = ['p50Us', 'p90Us', 'p95Us', 'p99Us', 'p999Us', 'maxUs'] as const

function data(page: Page, operation: Operation): Markup {
  const rows = (['client', 'store'] as const).flatMap((source) =>
    armsOf(page, operation, source).map((arm) =>
      rowOf(arm, [
        arm.name,
        source,
        ...quantiles.map((which) => page.show(`${arm.path}.${which}`, 'duration')),
        page.show(`${arm.path}.throughput`, 'perSecond'),
        page.show(`${arm.path}.rank`, 'count'),
        page.show(`${arm.path}.samples`, 'count'),
        page.show(`${arm.path}.slices`, 'count'),
        page.show(`${arm.path}.voidSlices`, 'count'),
      ]),
    ),
  )
  return details(
    `All figures of ${operation}`,
    table({
      caption: `Latencies of ${operation}`,
      head: [
        'strategy',
        'clock',
        'p50',
        'p90',
        'p95',
        'p99',
        'p99.9',
        'max',
        'throughput',
        'rank',
        'samples',
        'slices',
        'void',
      ],
      words: [1],
      rows,
    }),
  )
}
