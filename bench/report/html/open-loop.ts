import { operations } from '../../slices.js'
import { armsOf, rowOf } from './latency.js'
import { html, type Markup } from './markup.js'
import { type Page, section, table } from './page.js'

/** What only an open loop can tell; nothing in a closed one. */
export function openLoopSection(page: Page): Markup | undefined {
  const { rate, connections } = page.results.run
  if (rate === undefined) return undefined
  return section(
    {
      id: 'open-loop',
      title: `Open loop at ${rate.toLocaleString('en')} requests/s`,
      lead: `Requests came at an even pace over ${connections} connections, whether or not those before them had been answered. Latencies count from the moment a request was due; uncorrected ones from the moment of sending.`,
    },
    operations.map((operation) =>
      table({
        caption: `Pace of ${operation}`,
        head: [
          'strategy',
          'achieved',
          'p50',
          'p99',
          'max',
          'uncorrected p50',
          'p99',
          'max',
          'late',
          'dropped',
          'pace',
        ],
        words: [10],
        rows: armsOf(page, operation, 'client').map((arm) => {
          const { path, row } = arm
          const paced = `${path}.openLoop`
          return rowOf(arm, [
            arm.name,
            page.show(`${paced}.achieved`, 'perSecond'),
            page.show(`${path}.p50Us`, 'duration'),
            page.show(`${path}.p99Us`, 'duration'),
            page.show(`${path}.maxUs`, 'duration'),
            page.show(`${paced}.uncorrected.p50Us`, 'duration'),
            page.show(`${paced}.uncorrected.p99Us`, 'duration'),
            page.show(`${paced}.uncorrected.maxUs`, 'duration'),
            page.show(`${paced}.late ${paced}.sent`, 'shareOf'),
            page.show(`${paced}.dropped ${paced}.dropped ${paced}.sent`, 'shareOf'),
            row.openLoop?.kept === false ? html`<strong>not kept</strong>` : 'kept',
          ])
        }),
      }),
    ),
    html`<p class="note"><em>Late</em>: sent more than 1 ms after they were due. <em>Dropped</em>: never sent, because twice the time of the slice was up. Who dropped more than 1 % did not keep the pace: its latencies are those of a queue that grows, and are compared with nobody’s.</p>`,
  )
}
