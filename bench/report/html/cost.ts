import { operations } from '../../slices.js'
import { logAxis } from '../charts/axis.js'
import { axisFigure, stripFigure } from '../charts/frame.js'
import { duration } from '../format.js'
import { armsOf, rowOf } from './latency.js'
import { html, type Markup } from './markup.js'
import { type Page, section, table } from './page.js'

const inks = { write: 'typical', read: 'tail', take: 'third' } as const

/** CPU time per operation, of all the server's processes: what a strategy takes from everybody else. */
export function costSection(page: Page): Markup {
  const byOperation = operations.map((operation) => armsOf(page, operation, 'client'))
  const [writes = []] = byOperation
  const arms = writes.map((arm) => ({
    arm,
    rows: byOperation.flatMap((found) => found.filter(({ place }) => place === arm.place)),
  }))
  const all = byOperation.flat().map(({ row }) => row)
  const axis = logAxis(
    all.flatMap(({ cpuUsPerOp, intervals }) => [
      cpuUsPerOp ?? 0,
      intervals.cpuUsPerOp?.low ?? 0,
      intervals.cpuUsPerOp?.high ?? 0,
    ]),
  )
  const { baseline } = page.results.run
  return section(
    {
      id: 'cost',
      title: 'Cost',
      lead: 'CPU time of all the server’s processes per request, its own engine included, with 95 % intervals; under each figure its ratio to the baseline.',
    },
    table({
      caption: 'CPU time per request',
      kind: 'strips',
      head: [
        'strategy',
        axisFigure(axis, duration),
        ...operations.map(
          (operation) => html`${operation}<small>÷ <bdi data-baseline>${baseline}</bdi></small>`,
        ),
      ],
      words: [1],
      labels: ['', ...operations],
      rows: arms.map(({ arm, rows }) =>
        rowOf(arm, [
          arm.name,
          stripFigure(
            axis,
            {
              marks: rows.map(({ row }) => ({
                at: row.cpuUsPerOp,
                interval: row.intervals.cpuUsPerOp,
                ink: inks[row.operation],
              })),
            },
            `${arm.plain}: CPU time ${rows.map(({ row }) => `${duration(row.cpuUsPerOp)} a ${row.operation}`).join(', ')}`,
          ),
          ...operations.map((operation) => {
            const found = rows.find(({ row }) => row.operation === operation)
            if (found === undefined) return html`–`
            const { path, place, row } = found
            return html`${page.show(`${path}.cpuUsPerOp`, 'duration')}${row.intervals.cpuUsPerOp !== null && html`<small>${page.show(`${path}.intervals.cpuUsPerOp`, 'durations')}</small>`}${place !== 'noop' && html`<small>${page.ratio(place, { operation, source: 'client', metric: 'cpuUsPerOp' })}</small>`}`
          }),
        ]),
      ),
    }),
    html`<p class="note">From top to bottom: <span class="key typical"></span> write, <span class="key tail"></span> read, <span class="key third"></span> take.</p>`,
  )
}
