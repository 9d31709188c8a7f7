import type { CheckResult } from '../../results.js'
import { duration } from '../format.js'
import { html, type Markup } from '../html/markup.js'

export type Moment = NonNullable<CheckResult['witness']>[number]

/** Fits a telephone as it is, so that its words never shrink. */
const width = 344
const rowHeight = 46
const top = 34
const gutter = 62
const laneWidth = 26
const letterWidth = 7.2
/** Letters that fit beside the lanes. */
const letters = 32

/**
 * A witness drawn downwards in time: a lane a worker, a bar an operation from its request to its answer. Rows are evenly far
 * apart, whether milliseconds or seconds lie between them: the times stand beside them.
 */
export function timelineFigure(moments: readonly Moment[], alternative: string): Markup {
  const workers = [...new Set(moments.flatMap(({ worker }) => worker ?? []))].sort((a, b) => a - b)
  const lanes = new Map(workers.map((worker, index) => [worker, gutter + (index + 0.5) * laneWidth]))
  const right = gutter + Math.max(1, workers.length) * laneWidth
  const height = top + moments.length * rowHeight + 6
  const place: Place = { lanes, right, yOf: rowsOf(moments) }
  return html`<svg class="timeline" role="img" aria-label="${alternative}" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">
${workers.map((worker) => laneMarkup(worker, place, height))}
${moments.map((moment, row) => momentMarkup(moment, row, place))}
</svg>`
}

interface Place {
  readonly lanes: ReadonlyMap<number, number>
  /** Where the lanes end and the words begin. */
  readonly right: number
  readonly yOf: (atMs: number) => number
}

/** Between two rows a time keeps its order, not its distance. */
function rowsOf(moments: readonly Moment[]): (atMs: number) => number {
  const starts = moments.map(({ atMs }) => atMs)
  return (atMs) => {
    const before = Math.max(
      0,
      starts.findLastIndex((start) => start <= atMs),
    )
    const [from = 0, until = Number.POSITIVE_INFINITY] = starts.slice(before, before + 2)
    const share = Number.isFinite(until) && until > from ? (atMs - from) / (until - from) : 0.5
    return top + rowHeight * (before + 0.25 + Math.min(0.7, Math.max(0.45, share)))
  }
}

function laneMarkup(worker: number, { lanes }: Place, height: number): Markup {
  const x = lanes.get(worker) ?? gutter
  return html`<line class="lane" x1="${x}" x2="${x}" y1="${top - 12}" y2="${height - 6}"/><text class="head" x="${x}" y="${top - 18}" text-anchor="middle">w${worker}</text>\n`
}

function momentMarkup(moment: Moment, row: number, { lanes, right, yOf }: Place): Markup {
  const { atMs, tookMs, worker, event } = moment
  const y = top + rowHeight * (row + 0.25)
  const [what, answer] = parted(event)
  const xs = worker === null ? [...lanes.values()] : [lanes.get(worker) ?? gutter]
  const end = tookMs === undefined ? y : Math.max(y + 12, yOf(atMs + tookMs))
  const kind = kindOf(event)
  const said = `→ ${answer}`
  const after = tookMs === undefined ? '' : ` after ${momentText(tookMs)}`
  // The bar tells it too, and the table beside the drawing.
  const fits = (said.length + after.length) * letterWidth < width - right - 8
  return html`<g class="${kind}"><text class="time" x="${gutter - 8}" y="${y + 4}" text-anchor="end">${momentText(atMs)}</text>
<line class="guide" x1="${gutter}" x2="${right + 2}" y1="${y}" y2="${y}"/>
${xs.map((x) =>
  kind === 'fault'
    ? html`<path class="strike" d="M${x - 6} ${y - 6}l12 12m0 -12l-12 12"/>`
    : tookMs === undefined
      ? html`<circle class="dot" cx="${x}" cy="${y}" r="5"/>`
      : html`<rect class="op" x="${x - 6}" y="${y}" width="12" height="${Math.round(end - y)}" rx="3"/>`,
)}
<text class="event" x="${right + 8}" y="${y + 4}">${clipped(what)}</text>
${answer !== '' && html`<text class="answer" x="${right + 8}" y="${y + 20}">${clipped(said)}${fits && html`<tspan class="took">${after}</tspan>`}</text>`}</g>\n`
}

/** Of a time before the first op the sign; it is a fault that had struck already. */
function momentText(ms: number): string {
  if (ms === 0) return '0'
  return `${ms < 0 ? '−' : ''}${duration(Math.abs(ms) * 1_000)}`
}

/** "take abc…: unknown" is what was asked and what was said; "issue: issued abc…" as well. */
function parted(event: string): readonly [string, string] {
  const colon = event.indexOf(': ')
  return colon < 0 || event.startsWith('fault') || event.startsWith('healed')
    ? [event, '']
    : [
        event
          .slice(0, colon)
          .replace(' with the right answer', ', right answer')
          .replace(' with a wrong answer', ', wrong answer'),
        event.slice(colon + 2),
      ]
}

/** The drawing is cut; the table beside it is not. */
function clipped(text: string): string {
  return text.length > letters ? `${text.slice(0, letters - 1)}…` : text
}

function kindOf(event: string): string {
  if (event.startsWith('fault') || event.startsWith('healed')) return 'fault'
  return event.startsWith('issue') ? 'issue' : event.endsWith('accepted') ? 'accepted' : 'refused'
}
