import { type CheckResult, isClaimed, type PromiseResult, type StrategyResult } from '../../results.js'
import { isJudged } from '../answer.js'
import { mark, observed } from './ladder.js'
import { html, type Markup } from './markup.js'
import { details, nameOf, type Page, placed, section, table } from './page.js'

/** Claims beside observations, and every check. */
export function scorecardSection(page: Page): Markup | undefined {
  const { run } = page.results
  if (!run.studies.includes('correctness')) return undefined
  return section(
    {
      id: 'correctness',
      title: 'Correctness',
      lead: `Recorded clients, each pinned to one of ${run.workers} workers; takes raced for with their last bytes held back; workers killed, stopped and restarted; disks filled and files damaged. Nothing here is timed.`,
    },
    promises(page),
    checks(page),
    html`<p class="note">A claim is kept when every check that decides it is valid, unproven when one was not exercised. A check: ${mark('valid')} valid in so many attempts, ${mark('invalid')} violations of attempts, ${mark('unknown')} not exercised, – not claimed. <em>Races</em>: captchas two workers took at once.</p>`,
    gaps(page),
  )
}

const claims = ['scope', 'singleUse', 'survives'] as const

function promises(page: Page): Markup {
  return table({
    caption: 'What each strategy claims, and what became of it',
    head: ['strategy', 'scope', 'single use', 'survives', 'observed scope', 'races'],
    words: [1, 2, 3, 4],
    rows: placed(page.results, isJudged).map(({ strategy, place }) => ({
      strategy: place,
      cells: [
        nameOf(strategy),
        ...claims.map((claim) => promise(strategy.correctness?.promises.find((one) => one.claim === claim))),
        strategy.correctness?.observedScope,
        page.show(`strategies.${place}.correctness.races.overlapping`, 'count'),
      ],
    })),
  })
}

function promise(found: PromiseResult | undefined): Markup {
  if (found === undefined) return html`<span class="none">not claimed</span>`
  return html`${observed(found)} ${found.claim === 'singleUse' ? 'once' : found.promised.replace('-', ' ')}`
}

function checks(page: Page): Markup {
  const judged = placed(page.results, isJudged)
  const names = [
    ...new Set(judged.flatMap(({ strategy }) => strategy.correctness?.checks.map(({ name }) => name) ?? [])),
  ]
  return table({
    caption: 'Checks by strategy',
    kind: 'checks',
    head: ['strategy', ...names.map((name) => html`<span class="upright">${name}</span>`)],
    rows: judged.map(({ strategy, place }) => ({
      strategy: place,
      cells: [
        nameOf(strategy),
        ...names.map((name) => {
          const index = strategy.correctness?.checks.findIndex((check) => check.name === name) ?? -1
          const check = strategy.correctness?.checks[index]
          const path = `strategies.${place}.correctness.checks.${index}`
          return check === undefined ? '' : checkCell(page, strategy, check, path)
        }),
      ],
    })),
  })
}

function checkCell(page: Page, { claims: made }: StrategyResult, check: CheckResult, path: string): Markup {
  if (!isClaimed(made, check.name)) return html`<span class="none">–</span>`
  const tried = page.show(`${path}.attempts`, 'count')
  if (check.verdict === 'invalid')
    return html`${mark('invalid', 'violated')}<small>${page.show(`${path}.violations`, 'count')}/${tried}</small>`
  return html`${mark(check.verdict, check.verdict)}<small>${tried}</small>`
}

function gaps({ results }: Page): Markup | undefined {
  const lines = placed(results, isJudged).flatMap(({ strategy, place }) =>
    (strategy.correctness?.checks ?? [])
      .filter(({ name, verdict }) => verdict === 'unknown' && isClaimed(strategy.claims, name))
      .map(
        ({ name, evidence }) =>
          html`<li data-strategy="${place}">${nameOf(strategy)}, ${name}: ${evidence[0] ?? 'not exercised'}</li>`,
      ),
  )
  return lines.length === 0 ? undefined : details('Checks that were not exercised', html`<ul>${lines}</ul>`)
}
