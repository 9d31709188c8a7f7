import { type Metric, type Results, type StrategyResult, timingRow } from '../../results.js'
import { operations } from '../../slices.js'
import { againstText, type Compared } from '../rebase.js'
import { type Format, shownAt } from '../shown.js'
import { html, type Markup, type Part } from './markup.js'

/** What every section is made with. */
export interface Page {
  readonly results: Results
  /** A figure of results.json, marked with where it stands there. */
  show(paths: string, format: Format): Markup
  /** A ratio to whichever baseline the reader picks. */
  ratio(strategy: number, compared: Compared): Markup
  /** The texts of all ratios against each strategy that can be a baseline. */
  readonly rebased: Rebased
}

export interface Rebased {
  /** Places of strategies that were timed, in the order of the report. */
  readonly baselines: readonly number[]
  /** By baseline, then by cell. */
  readonly texts: readonly (readonly string[])[]
}

interface Cell extends Compared {
  readonly strategy: number
}

export function createPage(results: Results): Page {
  const { strategies } = results
  const baselines = strategies.flatMap((strategy, index) => (isTimed(strategy) ? [index] : []))
  const cells = baselines.flatMap((strategy) =>
    comparedOf(results).map((compared) => ({ strategy, ...compared })),
  )
  const places = new Map(cells.map((cell, place) => [keyOf(cell), place]))
  const textOf = (baseline: StrategyResult, { strategy, ...compared }: Cell) => {
    const own = strategies[strategy]
    return own === undefined ? '–' : againstText(results, own, baseline, compared)
  }
  return {
    results,
    show: (paths, format) =>
      html`<span class="n" data-path="${paths}" data-format="${format}">${shownAt(results, paths, format)}</span>`,
    ratio(strategy, compared) {
      const place = places.get(keyOf({ strategy, ...compared }))
      const path = ratioPath(results, strategy, compared)
      if (place === undefined) return html`–`
      if (path !== undefined)
        return html`<span class="n" data-ratio="${place}" data-path="${path}" data-format="ratioAndVerdict">${shownAt(results, path, 'ratioAndVerdict')}</span>`
      const baseline = strategies.find(({ name }) => name === results.run.baseline)
      const text = baseline === undefined ? '–' : textOf(baseline, { strategy, ...compared })
      return html`<span class="n" data-ratio="${place}">${text}</span>`
    },
    rebased: {
      baselines,
      texts: baselines.map((place) =>
        strategies.slice(place, place + 1).flatMap((baseline) => cells.map((cell) => textOf(baseline, cell))),
      ),
    },
  }
}

function isTimed({ timing = [] }: StrategyResult): boolean {
  return timing.some(({ slices }) => slices > 0)
}

/** An open loop's throughput is given: there waiting is compared. */
export function mainMetric({ run }: Results): Metric {
  return run.rate === undefined ? 'throughput' : 'p50Us'
}

function comparedOf(results: Results): readonly Compared[] {
  return operations.flatMap((operation) => [
    { operation, source: 'client' as const, metric: mainMetric(results) },
    { operation, source: 'client' as const, metric: 'cpuUsPerOp' as const },
    { operation, source: 'store' as const, metric: 'p50Us' as const },
  ])
}

function keyOf({ strategy, operation, source, metric }: Cell): string {
  return `${strategy} ${operation} ${source} ${metric}`
}

function ratioPath(
  { strategies }: Results,
  strategy: number,
  { operation, source, metric }: Compared,
): string | undefined {
  const timing = strategies[strategy]?.timing
  const row = timing?.findIndex((one) => one.operation === operation && one.source === source) ?? -1
  const ratio = timing?.[row]?.ratios.findIndex((one) => one.metric === metric) ?? -1
  return ratio < 0 ? undefined : `strategies.${strategy}.timing.${row}.ratios.${ratio}`
}

/** @returns where a row of timing stands; `undefined` where nothing of it was measured */
export function timingPath(
  { strategies, controls }: Results,
  strategy: number | 'noop',
  { operation, source }: Pick<Compared, 'operation' | 'source'>,
): string | undefined {
  const timing = strategy === 'noop' ? controls.noop.timing : strategies[strategy]?.timing
  const row = timingRow(timing, operation, source)
  if (timing === undefined || row === undefined || row.slices === 0) return undefined
  const root = strategy === 'noop' ? 'controls.noop' : `strategies.${strategy}`
  return `${root}.timing.${timing.indexOf(row)}`
}

/** Names may run in any direction: isolated, one cannot turn the words around it. */
export function nameOf({ name, exhibit }: StrategyResult): Markup {
  return html`<bdi class="name">${name}</bdi>${exhibit !== undefined && html` <abbr class="exhibit" title="exhibit: wrong on purpose">†</abbr>`}`
}

/** All places of strategies, with those that fit. */
export function placed(
  { strategies }: Results,
  fits: (strategy: StrategyResult) => boolean,
): readonly { readonly strategy: StrategyResult; readonly place: number }[] {
  return strategies.map((strategy, place) => ({ strategy, place })).filter(({ strategy }) => fits(strategy))
}

export interface TableRow {
  readonly strategy?: number | undefined
  readonly cells: readonly Part[]
}

export interface TableWishes {
  readonly caption: string
  readonly head: readonly Part[]
  readonly rows: readonly TableRow[]
  readonly kind?: string
  /** What stands beside each figure where a narrow screen has no room for a head; by column, the first left out. */
  readonly labels?: readonly string[]
  /** Columns that hold words, beside the first. */
  readonly words?: readonly number[]
}

/** Wide ones scroll by themselves, so that the page never does. */
export function table({ caption, head, rows, kind = '', labels = [], words = [] }: TableWishes): Markup {
  const side = (column: number) => column > 0 && !words.includes(column) && html` class="figure"`
  return html`<div class="scroll" role="group" aria-label="${caption}"><table${kind !== '' && html` class="${kind}"`}>
<caption>${caption}</caption>
<thead><tr>${head.map((cell, column) => html`<th scope="col"${side(column)}>${cell}</th>`)}</tr></thead>
<tbody>${rows.map(
    ({ strategy, cells }) =>
      html`<tr${strategy !== undefined && html` data-strategy="${strategy}"`}>${cells.map((cell, column) =>
        column === 0
          ? html`<th scope="row">${cell}</th>`
          : html`<td${side(column)}${labels[column - 1] && html` data-label="${labels[column - 1]}"`}>${cell}</td>`,
      )}</tr>\n`,
  )}</tbody></table></div>`
}

export interface SectionWishes {
  readonly id: string
  readonly title: string
  readonly lead?: Part
}

export function section({ id, title, lead }: SectionWishes, ...parts: readonly Part[]): Markup {
  return html`<section id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${title}</h2>
${lead !== undefined && html`<p class="lead">${lead}</p>`}
${parts}
</section>`
}

export function details(summary: Part, ...parts: readonly Part[]): Markup {
  return html`<details><summary>${summary}</summary>${parts}</details>`
}
