import { type Operation, operations } from '../../slices.js'
import { changeColumns, earlierSentences, placeOf, strategiesOf } from '../earlier.js'
import { title } from '../latencies.js'
import { html, list, type Markup, prose } from './markup.js'
import { nameOf, type Page, section, table } from './page.js'

/** This run beside the one that `--baseline` named, with the warning first. */
export function earlierSection(page: Page): Markup | undefined {
  const { earlier, run } = page.results
  if (earlier === undefined) return undefined
  return section(
    { id: 'earlier', title: 'Beside the earlier run' },
    list(earlierSentences(earlier, run.baseline).map(prose)),
    operations.map((operation) => tablesOf(page, operation)),
    html`<p class="note">Cells of the first table: the change, and the figures then and now.</p>`,
  )
}

function tablesOf(page: Page, operation: Operation): Markup | undefined {
  const { earlier, run } = page.results
  const changes = earlier?.changes ?? []
  const names = strategiesOf(changes, operation)
  if (names.length === 0) return undefined
  const paired = strategiesOf(
    changes.filter(({ ratio }) => ratio !== undefined),
    operation,
  )
  const heads = changeColumns.map(([head]) => head)
  return html`<h3>${title(operation)}</h3>${table({
    caption: `${operation}, now ÷ then`,
    head: ['now ÷ then', ...heads],
    labels: heads,
    rows: names.map((name) => row(page, name, operation, '')),
  })}${
    paired.length > 0 &&
    table({
      caption: `${operation}, ratios to ${run.baseline}, now ÷ then`,
      head: [html`of its ratio to <bdi>${run.baseline}</bdi>`, ...heads],
      labels: heads,
      rows: paired.map((name) => row(page, name, operation, '.ratio')),
    })
  }`
}

const figures = {
  throughput: 'perSecond',
  p50Us: 'duration',
  p99Us: 'duration',
  cpuUsPerOp: 'duration',
} as const

function row(page: Page, name: string, operation: Operation, part: '' | '.ratio') {
  const { earlier, strategies } = page.results
  const changes = earlier?.changes ?? []
  const found = strategies.findIndex((strategy) => strategy.name === name)
  const strategy = strategies[found]
  return {
    strategy: found < 0 ? undefined : found,
    cells: [
      strategy === undefined ? name : nameOf(strategy),
      ...changeColumns.map(([, { source, metric }]) => {
        const place = placeOf(changes, { strategy: name, operation, source, metric })
        if (place < 0) return html`–`
        const path = `earlier.changes.${place}`
        const then = html`<small>${page.show(`${path}.before`, figures[metric])} → ${page.show(`${path}.after`, figures[metric])}</small>`
        return html`${page.show(`${path}${part}`, 'change')}${part === '' && then}`
      }),
    ],
  }
}
