import type { ScalingResult, ScalingSweepResult } from '../../results.js'
import type { Axis } from '../charts/axis.js'
import { pageInks } from '../charts/draw.js'
import { drawGrowth, growthAxes, panelSize } from '../charts/growth.js'
import { saturated, type Telling, tellings } from '../scaling.js'
import { html, list, type Markup, trusted } from './markup.js'
import { details, nameOf, type Page, section, table } from './page.js'

interface Scaled {
  readonly name: Markup
  readonly plain: string
  readonly place: number | undefined
  readonly path: string
  readonly scaling: ScalingResult
}

/** What each strategy costs at one size and the next: a panel a strategy, on common axes. */
export function scalingSection(page: Page): Markup | undefined {
  const { run, environment } = page.results
  const found = scaled(page)
  if (found.length === 0) return undefined
  return section(
    {
      id: 'scaling',
      title: 'Scaling',
      lead: `One thing is varied at a time about ${run.workers} workers, ${run.connections} connections and 1,000 live captchas; both axes are logarithmic, so that a straight line is a power of the size and its slope the exponent.`,
    },
    html`<p class="note"><svg class="legend" role="img" aria-label="circles and a solid line: write; squares and a dashed line: read; triangles and a dotted line: take" width="250" height="16"><g fill="none" stroke-width="2"><path stroke="var(--typical)" d="M0 8h30"/><path stroke="var(--tail)" stroke-dasharray="5 4" d="M85 8h30"/><path stroke="var(--third)" stroke-dasharray="2 3" d="M165 8h30"/></g><circle cx="15" cy="8" r="4" fill="var(--typical)"/><rect x="96" y="4" width="8" height="8" fill="var(--tail)"/><path fill="var(--third)" d="M180 3l5 9h-10z"/><text x="36" y="12">write</text><text x="121" y="12">read</text><text x="201" y="12">take</text></svg> Bars are 95 % intervals. Servers and load generator share ${environment.cores} cores. The no-op store is what HTTP and the harness make of size.</p>`,
    tellings.map((telling) => sweepPart(page, found, telling)),
    gaps(found),
  )
}

function scaled({ results }: Page): readonly Scaled[] {
  const { strategies, controls } = results
  const named = [
    ...strategies.map((strategy, place) => ({
      name: nameOf(strategy),
      plain: strategy.name,
      place,
      path: `strategies.${place}.scaling`,
      scaling: strategy.scaling,
    })),
    {
      name: html`<i>no-op store</i>`,
      plain: 'no-op store',
      place: undefined,
      path: 'controls.noop.scaling',
      scaling: controls.noop.scaling,
    },
  ]
  return named.flatMap(({ scaling, ...rest }) => (scaling === undefined ? [] : [{ ...rest, scaling }]))
}

function sweepPart(page: Page, found: readonly Scaled[], telling: Telling): Markup | undefined {
  const own = found.map((entry) => ({
    entry,
    sweeps: entry.scaling.sweeps.filter(({ sweep }) => sweep === telling.sweep),
  }))
  const all = own.flatMap(({ sweeps }) => sweeps)
  if (all.length === 0) return undefined
  const axes = growthAxes(all, telling.shown)
  return html`<h3>${telling.title}</h3><p class="note">${telling.sizes}.</p>
<div class="panels">${own.map(({ entry, sweeps }) => sweeps.length > 0 && panel(entry, sweeps, telling, axes))}</div>
${details(`All figures of ${telling.title.toLowerCase()}`, dataTable(page, own, telling))}`
}

function panel(
  { name, plain, place }: Scaled,
  sweeps: readonly ScalingSweepResult[],
  { shown, figure, title }: Telling,
  axes: { readonly x: Axis; readonly y: Axis },
): Markup {
  const ends = sweeps.map(({ operation, points }) => {
    const values = points.flatMap(({ size, typical }) => {
      const value = typical[shown]?.value
      return value === undefined ? [] : [`${figure(value)} at ${size.toLocaleString('en')}`]
    })
    return `${operation} ${[values[0], values.at(-1)].filter((text) => text !== undefined).join(' to ')}`
  })
  const { width, height } = panelSize
  return html`<figure${place !== undefined && html` data-strategy="${place}"`}><figcaption>${name}</figcaption><svg class="panel" role="img" aria-label="${plain}, ${title.toLowerCase()}: ${ends.join('; ')}" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">${trusted(drawGrowth({ sweeps, metric: shown, tell: figure, ...axes }, pageInks))}</svg></figure>\n`
}

type Own = readonly { readonly entry: Scaled; readonly sweeps: readonly ScalingSweepResult[] }[]

function dataTable(page: Page, own: Own, telling: Telling): Markup {
  const { shown, metrics, figure, title } = telling
  const sizes = [
    ...new Set(own.flatMap(({ sweeps }) => sweeps.flatMap(({ points }) => points.map(({ size }) => size)))),
  ].sort((a, b) => a - b)
  const format = figure(1).endsWith('/s') ? ('estimatedRate' as const) : ('estimatedDuration' as const)
  const rows = own.flatMap(({ entry, sweeps }) =>
    sweeps.map((sweep) => {
      const path = `${entry.path}.sweeps.${entry.scaling.sweeps.indexOf(sweep)}`
      return {
        strategy: entry.place,
        cells: [
          entry.name,
          sweep.operation,
          ...sizes.map((size) => {
            const place = sweep.points.findIndex((point) => point.size === size)
            const point = sweep.points[place]
            if (point === undefined) return html`–`
            return html`${page.show(`${path}.points.${place}.typical.${shown}`, format)}${point.generatorUtilisation > saturated && ' ‡'}`
          }),
          ...metrics.flatMap(([metric]) => [
            page.show(`${path}.growth.${metric}`, 'exponent'),
            sweep.growth[metric] === null ? '–' : page.show(`${path}.growth.${metric}`, 'lastStep'),
          ]),
        ],
      }
    }),
  )
  return html`${table({
    caption: `${title}: figures and exponents`,
    head: [
      'strategy',
      'operation',
      ...sizes.map((size) => size.toLocaleString('en')),
      ...metrics.flatMap(([, name]) => [`${name} ∝ sizeᵏ`, 'last step']),
    ],
    words: [1],
    rows,
  })}<p class="note">k says how a figure grows: 0 not at all, 1 in proportion; for a throughput 1 is perfect, for a cost 0. <em>last step</em>: between the two largest sizes alone. ‡ the load generator was more than ${saturated * 100} % busy: it measured itself.</p>`
}

function gaps(found: readonly Scaled[]): Markup {
  return list(
    found.flatMap(({ plain, scaling }) =>
      scaling.gaps.map(
        ({ workers, connections, population, reason }) =>
          html`<bdi>${plain}</bdi>, ${workers} workers, ${connections} connections, ${population.toLocaleString('en')} captchas: left out: ${reason}.`,
      ),
    ),
    'note',
  )
}
