import type { GateResult } from '../../results.js'
import { gateHeads, gateLead, worstFirst } from '../gates.js'
import { html, type Markup } from './markup.js'
import { type Page, section, table } from './page.js'

const marks: Readonly<Record<GateResult['verdict'], readonly [kind: string, mark: string]>> = {
  broken: ['bad', '✗'],
  held: ['ok', '✓'],
  undecided: ['open', '?'],
  unmeasured: ['open', '–'],
}

/** What `--fail-on` asked, the worst first. */
export function gatesSection(page: Page): Markup | undefined {
  const { gates = [], strategies } = page.results
  if (gates.length === 0) return undefined
  return section(
    { id: 'gates', title: 'Gates', lead: gateLead },
    table({
      caption: 'Conditions under which this run fails',
      head: gateHeads,
      words: [1, 5],
      rows: worstFirst(gates).map(({ gate: { gate, strategy, operator, verdict, reason }, place }) => {
        const [kind, mark] = marks[verdict]
        const found = strategies.findIndex(({ name }) => name === strategy)
        return {
          strategy: found < 0 ? undefined : found,
          cells: [
            html`<code>${gate}</code>`,
            html`<bdi>${strategy}</bdi>`,
            page.show(`gates.${place}`, 'gateValue'),
            page.show(`gates.${place}`, 'gateInterval'),
            html`${operator} ${page.show(`gates.${place}`, 'gateLimit')}`,
            html`<span class="${kind}"><span class="mark">${mark}</span> ${verdict}</span>${reason !== undefined && html`<small> ${reason}</small>`}`,
          ],
        }
      }),
    }),
  )
}
