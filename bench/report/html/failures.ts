import type { FailuresResult } from '../../results.js'
import { outcomes as kinds } from '../../slices.js'
import { isJudged } from '../answer.js'
import { shareAxis } from '../charts/axis.js'
import { axisFigure, stripFigure } from '../charts/frame.js'
import { percent } from '../format.js'
import { html, type Markup } from './markup.js'
import { details, nameOf, type Page, placed, section, table } from './page.js'

const axis = axisFigure(shareAxis, (share) => `${share * 100} %`)

/** How often a correct answer was refused, by whom. */
export function failuresSection(page: Page): Markup {
  const { results } = page
  return section(
    {
      id: 'failures',
      title: 'Refused answers',
      lead: `A correct answer, sent once, to whichever of ${results.run.workers} workers the connection reached: how often it was not accepted.`,
    },
    table({
      caption: 'Verification failures by strategy',
      kind: 'strips',
      head: ['strategy', axis, 'by another worker', 'by the same', 'overall'],
      words: [1],
      labels: ['', 'by another', 'by the same', 'overall'],
      rows: placed(results, isJudged).map(({ strategy, place }) => {
        const failures = strategy.correctness?.verificationFailures
        const root = `strategies.${place}.correctness.verificationFailures`
        return {
          strategy: place,
          cells: [
            nameOf(strategy),
            failures && drawn(strategy.name, failures),
            ...['crossWorker', 'sameWorker', 'overall'].map((who) => rate(page, `${root}.${who}`)),
          ],
        }
      }),
    }),
    html`<p class="note"><span class="key typical"></span> by another worker (upper), <span class="key tail"></span> by the same (lower), with 95 % Wilson intervals; where none was refused, ≤ is the upper bound. In grey their number.</p>`,
    outcomes(page),
  )
}

function drawn(
  name: string,
  { crossWorker, sameWorker }: Record<'crossWorker' | 'sameWorker', FailuresResult>,
): Markup {
  const markOf = (failures: FailuresResult, ink: 'typical' | 'tail') => ({
    at: failures.attempts === 0 ? null : failures.rate,
    interval: failures.attempts === 0 ? null : failures,
    ink,
  })
  const told = ({ attempts, rate: share }: FailuresResult) => (attempts === 0 ? 'not tried' : percent(share))
  return stripFigure(
    shareAxis,
    { marks: [markOf(crossWorker, 'typical'), markOf(sameWorker, 'tail')] },
    `${name}: refused by another worker ${told(crossWorker)}, by the same ${told(sameWorker)}`,
  )
}

function rate(page: Page, path: string): Markup {
  return html`${page.show(path, 'rate')}<small>${page.show(path, 'rateInterval')}</small><small>n = ${page.show(`${path}.attempts`, 'count')}</small>`
}

function outcomes(page: Page): Markup {
  const counted = placed(page.results, (strategy) => strategy.outcomes !== undefined)
  return details(
    'Answers to the requests of all slices',
    table({
      caption: 'Answers by outcome',
      head: ['strategy', ...kinds],
      rows: counted.map(({ strategy, place }) => ({
        strategy: place,
        cells: [
          nameOf(strategy),
          ...kinds.map((kind) => page.show(`strategies.${place}.outcomes.${kind}`, 'count')),
        ],
      })),
    }),
    html`<p class="note"><em>error</em> and <em>timeout</em> had no answer.</p>`,
  )
}
