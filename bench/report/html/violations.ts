import { type CheckResult, isClaimed, type StrategyResult } from '../../results.js'
import { isJudged } from '../answer.js'
import { type Moment, timelineFigure } from '../charts/timeline.js'
import { html, type Markup, type Part } from './markup.js'
import { details, nameOf, type Page, placed, section, table } from './page.js'

/** The shortest story of every violation, drawn. */
export function violationsSection(page: Page): Markup | undefined {
  const cards = placed(page.results, isJudged).flatMap(({ strategy, place }) => {
    const own = stories(page, strategy, place)
    return own.length > 0 ? own : (handOff(strategy, place) ?? [])
  })
  if (cards.length === 0) return undefined
  return section(
    {
      id: 'violations',
      title: 'What went wrong',
      lead: 'For each broken check its shortest witness: time runs downwards, each worker has a lane, a bar lasts from request to answer. Rows are evenly spaced; the times stand beside them.',
    },
    html`<div class="cards">${cards}</div>`,
  )
}

interface Broken {
  readonly check: CheckResult
  readonly path: string
}

/** Checks that tell the same story share its drawing. */
function stories(page: Page, strategy: StrategyResult, place: number): readonly Markup[] {
  const groups = new Map<string, Broken[]>()
  for (const [index, check] of (strategy.correctness?.checks ?? []).entries()) {
    if (check.verdict !== 'invalid' || !isClaimed(strategy.claims, check.name)) continue
    const key = JSON.stringify(check.witness ?? check.name)
    const broken = { check, path: `strategies.${place}.correctness.checks.${index}` }
    groups.set(key, [...(groups.get(key) ?? []), broken])
  }
  return [...groups.values()].map((broken) => story(page, strategy, place, broken))
}

function story(page: Page, strategy: StrategyResult, place: number, broken: readonly Broken[]): Markup {
  const names = broken.map(({ check }) => check.name).join(', ')
  const [first] = broken
  const witness = first?.check.witness ?? []
  return card(strategy, place, names, [
    broken.map(
      ({ check, path }) =>
        html`<p class="evidence">${broken.length > 1 && html`<b>${check.name}</b> `}${page.show(`${path}.violations`, 'count')} of ${page.show(`${path}.attempts`, 'count')}: ${check.evidence[0] ?? 'no sentence'}</p>`,
    ),
    witness.length > 0 && timelineFigure(witness, `${strategy.name}, ${names}: ${told(witness)}`),
    first !== undefined && witness.length > 0 && steps(page, first, witness),
  ])
}

function told(witness: readonly Moment[]): string {
  return witness
    .map(
      ({ atMs, worker, event }) =>
        `at ${atMs.toFixed(1)} ms ${worker === null ? 'all workers' : `worker ${worker}`}, ${event}`,
    )
    .join('; ')
}

function steps(page: Page, { check, path }: Broken, witness: readonly Moment[]): Markup {
  return details(
    'Step by step',
    table({
      caption: `Witness of ${check.name}`,
      head: ['worker', 'at', 'took', 'event'],
      words: [3],
      rows: witness.map(({ worker, event }, index) => ({
        cells: [
          worker === null ? 'all' : String(worker),
          page.show(`${path}.witness.${index}.atMs`, 'milliseconds'),
          page.show(`${path}.witness.${index}.tookMs`, 'milliseconds'),
          event,
        ],
      })),
    }),
  )
}

/** Who claims no more than one process breaks nothing by losing what another issued; it is told all the same. */
function handOff(strategy: StrategyResult, place: number): Markup | undefined {
  const { witness } = strategy.correctness ?? {}
  if (witness === undefined) return undefined
  const { id, issuer, verifier, outcome, afterMs } = witness
  const moments: readonly Moment[] = [
    { atMs: 0, worker: issuer, event: `issue: issued ${id}…` },
    { atMs: afterMs, worker: verifier, event: `take ${id}… with the right answer: ${outcome}` },
  ]
  return card(strategy, place, 'no claim of its own', [
    html`<p class="evidence">Claimed is ${strategy.claims.scope === 'process' ? 'one process' : strategy.claims.scope}; a right answer that reached another worker was refused.</p>`,
    timelineFigure(moments, `${strategy.name}: ${told(moments)}`),
  ])
}

function card(strategy: StrategyResult, place: number, names: string, parts: readonly Part[]): Markup {
  return html`<article class="card" data-strategy="${place}"><h3>${nameOf(strategy)} <small>${names}</small></h3>${parts}</article>\n`
}
