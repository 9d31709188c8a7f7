import { durabilities, rungs } from '../../results.js'
import { answer } from '../answer.js'
import { events, stepSentences, whyNone } from '../recommendation.js'
import { html, list, type Markup, prose } from './markup.js'
import { type Page, section, table } from './page.js'

/** The first thing on the page: what to use for which scope and durability, and the verdict in sentences. */
export function answerSection(page: Page): Markup {
  const { results } = page
  const sentences = list(answer(results).map(prose), 'answers')
  return section(
    { id: 'answer', title: 'The answer' },
    results.recommendations.length === 0
      ? results.comparison !== undefined
        ? sentences
        : html`<p class="lead">No recommendation: ${whyNone(results)}.</p>${sentences}`
      : html`<p class="lead">The cheapest strategy that claims at least so much and was seen to keep it, on that very rung.</p>
<div class="verdict">${choices(page)}${sentences}</div>`,
    steps(page),
  )
}

const scopes = {
  process: 'one process',
  threads: 'threads of a process',
  host: 'processes of a host',
  fleet: 'several hosts',
} as const

function choices(page: Page): Markup {
  return table({
    caption: 'Recommended strategy by scope and durability',
    kind: 'choices',
    head: ['must work within', ...durabilities.map((survives) => html`survives ${events[survives]}`)],
    words: durabilities.map((_, index) => index + 1),
    labels: durabilities.map((survives) => `survives ${events[survives]}`),
    rows: rungs.map((scope) => ({
      cells: [scopes[scope], ...durabilities.map((survives) => choice(page, scope, survives))],
    })),
  })
}

function choice(page: Page, scope: string, survives: string): Markup {
  const { recommendations, run } = page.results
  const place = recommendations.findIndex((entry) => entry.scope === scope && entry.survives === survives)
  const found = recommendations[place]
  if (found === undefined) return html`<span class="none">–</span>`
  const { strategy, ties } = found
  return html`<strong class="pick"><bdi>${strategy}</bdi></strong>
${ties.length > 0 && html`<small>or ${ties.map((tie, index) => html`${index > 0 && ', '}<bdi>${tie}</bdi>`)}</small> `}
<small>${page.show(`recommendations.${place}.cost`, 'cost')} × <bdi>${run.baseline}</bdi></small>`
}

function steps({ results }: Page): Markup | undefined {
  const { recommendations, rungSteps, controls } = results
  if (recommendations.length === 0) return undefined
  const costly = html`<h3>What the next rung costs</h3>${list(stepSentences(rungSteps).map(prose))}
<p class="note">Each a quotient of two ratios to the baseline, whose intervals are added as logs: no narrower than the truth, and mostly wider.</p>`
  return html`${controls.contaminated && html`<p><strong>The run counts as contaminated (see Controls): measure again first.</strong></p>`}
<details><summary>How these were chosen${rungSteps.length > 0 && ', and what the next rung costs'}</summary>
<p class="note">×: CPU time, the geometric mean of its ratios for one write, one read and one take; the interval takes the three for erring together. <em>or</em>: as cheap, within what this run can tell. –: none of this run was seen to keep such a promise.</p>
${rungSteps.length > 0 && costly}</details>`
}
