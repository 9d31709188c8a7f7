import type { PromiseResult, RungResult, StrategyResult } from '../../results.js'
import { rungs } from '../../results.js'
import { operations } from '../../slices.js'
import { isJudged } from '../answer.js'
import { html, type Markup } from './markup.js'
import { mainMetric, nameOf, type Page, placed, section, table, timingPath } from './page.js'

/** How far up each strategy stays correct, what it refuses, survives and costs: a row a strategy. */
export function ladderSection(page: Page): Markup {
  const { results } = page
  const isTimed = results.run.studies.includes('timing')
  const divided = (what: string) => html`${what} ÷ <bdi data-baseline>${results.run.baseline}</bdi>`
  return section(
    {
      id: 'ladder',
      title: 'The ladder',
      lead: 'How far apart two workers may be so that what the one issued the other finds, and only one of all accepts.',
    },
    table({
      caption: 'The ladder, by strategy',
      kind: 'ladder',
      head: [
        'strategy',
        ...rungs,
        'survives',
        html`refused by another&nbsp;worker`,
        ...(isTimed ? ['CPU per captcha', divided('write'), divided('take')] : []),
      ],
      words: [1, 2, 3, 4, 5],
      rows: placed(results, isJudged).map(({ strategy, place }) => ({
        strategy: place,
        cells: [
          nameOf(strategy),
          ...(strategy.correctness?.ladder ?? []).map(rungMark),
          survival(strategy),
          page.show(`strategies.${place}.correctness.verificationFailures.crossWorker`, 'rate'),
          ...(isTimed ? costs(page, place) : []),
        ],
      })),
    }),
    html`<p class="note">${mark('valid')} seen correct, ${mark('invalid')} seen wrong, ${mark('unknown')} claimed and not exercised; in brackets: not claimed, so that it breaks no promise; –: nothing was seen. <em>threads</em>: workers of one process; <em>host</em>: processes of one machine; <em>fleet</em>: machines, with a data directory each. ${isTimed && html`CPU per captcha: of one write, one read and one take. ÷: ${measure(mainMetric(results))}, with its 95 % interval.`}</p>`,
  )
}

function measure(metric: string): string {
  return metric === 'throughput' ? 'throughput, above 1 is better' : 'median latency, below 1 is better'
}

const marks = {
  valid: ['ok', '✓', 'correct'],
  invalid: ['bad', '✗', 'wrong'],
  unknown: ['open', '?', 'not exercised'],
} as const

/** A sign for the eye, a word for who listens. */
export function mark(verdict: keyof typeof marks, word?: string): Markup {
  const [kind, sign, plain] = marks[verdict]
  return html`<span class="mark ${kind}"><span aria-hidden="true">${sign}</span><span class="sr">${word ?? plain}</span></span>`
}

function rungMark({ verdict, claimed }: RungResult): Markup {
  if (claimed) return mark(verdict)
  return verdict === 'unknown'
    ? html`<span class="none">–</span>`
    : html`<span class="unclaimed">(${mark(verdict)})<span class="sr"> not claimed</span></span>`
}

const kept: Readonly<Record<PromiseResult['observation'], keyof typeof marks>> = {
  kept: 'valid',
  broken: 'invalid',
  unproven: 'unknown',
}

export function observed({ observation }: PromiseResult): Markup {
  return mark(kept[observation], observation)
}

function survival({ claims, correctness }: StrategyResult): Markup {
  const promise = correctness?.promises.find(({ claim }) => claim === 'survives')
  return html`${promise !== undefined && html`${observed(promise)} `}${claims.survives.replace('-', ' ')}`
}

function costs(page: Page, place: number): readonly Markup[] {
  const paths = operations.flatMap(
    (operation) => timingPath(page.results, place, { operation, source: 'client' }) ?? [],
  )
  const metric = mainMetric(page.results)
  return [
    paths.length < operations.length
      ? html`–`
      : page.show(paths.map((path) => `${path}.cpuUsPerOp`).join(' '), 'sumOfDurations'),
    page.ratio(place, { operation: 'write', source: 'client', metric }),
    page.ratio(place, { operation: 'take', source: 'client', metric }),
  ]
}
