import type { PairResult, PairRow, Results } from '../../results.js'
import type { Operation } from '../../slices.js'
import { logAxis } from '../charts/axis.js'
import { axisFigure, stripFigure } from '../charts/frame.js'
import { limitWords, metricNames, rowOf, timeMetric, twinPlace, twinSource, versions } from '../comparison.js'
import { ratioText } from '../format.js'
import { html, type Markup, prose } from './markup.js'
import { type Page, section, table } from './page.js'

/** Head ÷ base of each strategy and operation, the twin beside it. Absent where no two versions were compared. */
export function comparisonSection(page: Page): Markup | undefined {
  const { results } = page
  const { comparison } = results
  if (comparison === undefined) return undefined
  const time = timeMetric(results)
  const isLimited = comparison.maxSlowdown !== undefined
  return section(
    {
      id: 'comparison',
      title: 'Head against base',
      lead: html`${versions(comparison)}. Both versions’ servers took turns in the same blocks.`,
    },
    comparison.pairs.length > 0 &&
      table({
        caption: 'Head ÷ base by strategy and operation',
        kind: 'strips',
        head: [
          'strategy, operation',
          axis(results).figure,
          'head is',
          ...(isLimited ? [html`at most ${page.show('comparison.maxSlowdown', 'percent')} slower`] : []),
          `${metricNames[time]} head ÷ base`,
          'twin',
          'CPU/op head ÷ base',
          'twin',
        ],
        words: [1, 2, ...(isLimited ? [3] : [])],
        labels: [
          '',
          'head is',
          ...(isLimited ? ['within the limit'] : []),
          metricNames[time],
          'twin',
          'CPU/op',
          'twin',
        ],
        rows: comparison.pairs.flatMap((pair, place) => rowsOf(page, pair, place)),
      }),
    html`<p class="note"><span class="key typical"></span> ${metricNames[time]} (upper), <span class="key tail"></span> CPU time per request (lower), head ÷ base of the same block with 95 % intervals; ${time === 'throughput' ? 'for throughput above 1 is better, for CPU time below' : 'below 1 is better'}. ▲ faster, ▼ slower, = equivalent, ? inconclusive, adjusted for their number; δ is the smallest difference this run could have told. The twin is <bdi>${twinSource(results)}</bdi> once more: what it shows is not there.</p>`,
    comparison.pairs.length > 0 && figures(page),
  )
}

function axis(results: Results) {
  const rows = (results.comparison?.pairs ?? []).flatMap(({ rows: all }) => all)
  const shown = rows.filter(({ source, metric }) => source === 'client' && metric !== 'p99Us')
  const ends = shown.flatMap(({ low, high }) => [low, high])
  const scale = logAxis([...ends, ...ends.map((end) => 1 / end)], 2)
  return { scale, figure: axisFigure(scale, (ratio) => String(Number(ratio.toPrecision(3)))) }
}

function rowsOf(page: Page, pair: PairResult, place: number) {
  const { results } = page
  const time = timeMetric(results)
  return pair.operations.map(({ operation, verdict, limit }) => ({
    strategy: results.strategies.findIndex(({ name }) => name === pair.strategy),
    cells: [
      title(pair, operation),
      strip(results, pair, operation),
      verdict === 'slower' ? html`<strong>${verdict}</strong>` : verdict,
      ...(limit === undefined ? [] : [prose(limitWords[limit])]),
      ...[time, 'cpuUsPerOp' as const].flatMap((metric) => [
        ratio(page, place, rowOf(pair, operation, metric)),
        twin(page, twinPlace(results, operation, metric)),
      ]),
    ],
  }))
}

function title({ strategy }: PairResult, operation: Operation): Markup {
  return html`<bdi class="name">${strategy}</bdi> ${operation}`
}

function strip(results: Results, pair: PairResult, operation: Operation): Markup {
  const time = rowOf(pair, operation, timeMetric(results))
  const cpu = rowOf(pair, operation, 'cpuUsPerOp')
  const markOf = (row: PairRow | undefined, ink: 'typical' | 'tail') => ({
    at: row?.value ?? null,
    interval: row ?? null,
    ink,
  })
  const told = (row: PairRow | undefined) => (row === undefined ? 'not measured' : ratioText(row))
  return stripFigure(
    axis(results).scale,
    { marks: [markOf(time, 'typical'), markOf(cpu, 'tail')] },
    `${pair.strategy}, ${operation}: ${metricNames[timeMetric(results)]} ${told(time)}, CPU time ${told(cpu)}`,
  )
}

function ratio({ results, show }: Page, place: number, row: PairRow | undefined): Markup {
  if (row === undefined) return html`–`
  const path = `comparison.pairs.${place}.rows.${results.comparison?.pairs[place]?.rows.indexOf(row)}`
  return html`${show(path, 'ratioAndVerdict')}<small>δ ${show(`${path}.detectable`, 'percent')}</small>`
}

function twin({ show }: Page, place: number): Markup {
  return place < 0 ? html`–` : show(`controls.twin.ratios.${place}`, 'ratio')
}

/** Both versions' own figures, and the metrics that decide nothing. */
function figures(page: Page): Markup {
  const { results, show } = page
  const time = timeMetric(results)
  const told = time === 'throughput' ? ('perSecond' as const) : ('duration' as const)
  return table({
    caption: 'Base and head by strategy and operation',
    head: [
      'strategy, operation',
      `base ${metricNames[time]}`,
      'head',
      'base CPU/op',
      'head',
      'p99 head ÷ base',
      'store p50',
      'store p99',
    ],
    labels: ['base', 'head', 'base CPU/op', 'head', 'p99', 'store p50', 'store p99'],
    rows: (results.comparison?.pairs ?? []).flatMap((pair, place) =>
      pair.operations.map(({ operation }) => {
        const path = (row: PairRow | undefined) =>
          `comparison.pairs.${place}.rows.${row === undefined ? -1 : pair.rows.indexOf(row)}`
        const cpu = path(rowOf(pair, operation, 'cpuUsPerOp'))
        const own = path(rowOf(pair, operation, time))
        return {
          strategy: results.strategies.findIndex(({ name }) => name === pair.strategy),
          cells: [
            title(pair, operation),
            show(`${own}.base`, told),
            show(`${own}.head`, told),
            show(`${cpu}.base`, 'duration'),
            show(`${cpu}.head`, 'duration'),
            ratio(page, place, rowOf(pair, operation, 'p99Us')),
            ratio(page, place, rowOf(pair, operation, 'p50Us', 'store')),
            ratio(page, place, rowOf(pair, operation, 'p99Us', 'store')),
          ],
        }
      }),
    ),
  })
}
