import { isJudged } from '../answer.js'
import { html, type Markup } from './markup.js'
import { nameOf, type Page, placed, section } from './page.js'

/** More workers than this make a picture nobody reads; results.json has their figures. */
const mostWorkers = 8

/** Who issued, who verified, how many were refused: a heat map for each strategy, with its figures in it. */
export function matrixSection(page: Page): Markup | undefined {
  const { results } = page
  const counted = placed(results, (strategy) => isJudged(strategy) && strategy.correctness.matrix.length > 0)
  if (counted.length === 0) return undefined
  const wide = counted.filter(({ strategy }) => (strategy.correctness?.matrix.length ?? 0) > mostWorkers)
  const shown = counted.filter((entry) => !wide.includes(entry))
  return section(
    {
      id: 'matrix',
      title: 'Issuer × verifier',
      lead: 'Refused of tried, by the worker that issued (rows) and the one that verified (columns). The darker, the larger the share.',
    },
    html`<div class="cards small">${shown.map(
      ({ strategy, place }) =>
        html`<figure class="card" data-strategy="${place}"><table class="heat"><caption>${nameOf(strategy)}</caption><thead><tr><td></td>${(strategy.correctness?.matrix ?? []).map((_, worker) => html`<th scope="col">${worker}</th>`)}</tr></thead><tbody>${rows(page, place)}</tbody></table></figure>\n`,
    )}</div>`,
    wide.length > 0 &&
      html`<p class="note">Not drawn, of more than ${mostWorkers} workers: ${wide.map(({ strategy }, index) => html`${index > 0 && ', '}${nameOf(strategy)}`)}. results.json has their figures.</p>`,
  )
}

function rows(page: Page, place: number): readonly Markup[] {
  const matrix = page.results.strategies[place]?.correctness?.matrix ?? []
  return matrix.map(
    (row, issuer) =>
      html`<tr><th scope="row">${issuer}</th>${row.map(({ attempts, failures }, verifier) => {
        const level = attempts === 0 ? 0 : Math.ceil((failures / attempts) * 5)
        return html`<td class="h${level}">${page.show(`strategies.${place}.correctness.matrix.${issuer}.${verifier}`, 'ofTried')}</td>`
      })}</tr>`,
  )
}
