import { logAxis } from '../charts/axis.js'
import { axisFigure, stripFigure } from '../charts/frame.js'
import { twinSource } from '../comparison.js'
import { percent, ratioText } from '../format.js'
import { html, list, type Markup } from './markup.js'
import { type Page, section, table } from './page.js'

/** What this run calls a difference where there is none, and whether the machine held still. */
export function controlsSection(page: Page): Markup {
  const { controls, run } = page.results
  const { contaminated, noop, flags } = controls
  const verdict = contaminated ? 'contaminated' : noop.drift.length === 0 ? 'not known' : 'not contaminated'
  return section(
    {
      id: 'controls',
      title: 'Controls',
      lead: html`The twin is <bdi>${twinSource(page.results)}</bdi> a second time, on servers of its own: its ratio should be 1, and how far it strays is what this run cannot tell from nothing.`,
    },
    twin(page),
    html`<dl class="facts">
<div><dt>No-op store, second half of the blocks ÷ first</dt><dd>${noop.drift.map(({ operation }, index) => html`${index > 0 && ', '}${operation} ${page.show(`controls.noop.drift.${index}.ratio`, 'factor')}`)}${noop.drift.length === 0 && 'not measured'}; bound ±${page.show('controls.driftBound', 'percent')}: <strong>${verdict}</strong></dd></div>
<div><dt>Launches and blocks</dt><dd>${page.show('run.launches', 'count')} launches, ${page.show('run.blocks', 'count')} blocks; ${page.show('run.measuringShare', 'percent')} of the time was spent in measured slices</dd></div>
<div><dt>Warm-up</dt><dd>${page.show('run.warmUps.settled', 'count')} servers until two windows agreed, ${page.show('run.warmUps.cap', 'count')} until their time was up${run.warmUps.spread !== undefined && html`; ${page.show('run.warmUps.spread', 'count')} had each worker on one processor`}</dd></div>
</dl>`,
    flags.length > 0 && html`<h3>Flags</h3>${list(flags.map((flag) => `${flag}.`))}`,
  )
}

const names = { throughput: 'throughput', p50Us: 'p50', p99Us: 'p99', cpuUsPerOp: 'CPU/op' } as const

function twin(page: Page): Markup {
  const { controls } = page.results
  const ratios = controls.twin.ratios
    .map((ratio, place) => ({ ...ratio, path: `controls.twin.ratios.${place}` }))
    .filter(({ source }) => source === 'client')
  if (ratios.length === 0) return html`<p>The twin was not measured.</p>`
  const ends = ratios.flatMap(({ low, high }) => [low, high])
  const axis = logAxis([...ends, ...ends.map((end) => 1 / end)], 2)
  return table({
    caption: `Twin ÷ ${twinSource(page.results)}`,
    kind: 'strips',
    head: [
      'operation',
      axisFigure(axis, (ratio) => String(Number(ratio.toPrecision(3)))),
      'metric',
      'ratio',
      'contains 1',
      'detectable',
    ],
    words: [1, 2, 4],
    labels: ['', 'metric', 'ratio', 'contains 1', 'detectable'],
    rows: ratios.map(({ operation, metric, path, ...ratio }) => ({
      cells: [
        operation,
        stripFigure(
          axis,
          { marks: [{ at: ratio.value, interval: ratio, ink: 'typical' }] },
          `twin, ${metric} of ${operation}: ${ratioText(ratio)}, could have told ${percent(ratio.detectable)}`,
        ),
        names[metric],
        page.show(path, 'ratio'),
        ratio.low <= 1 && ratio.high >= 1 ? 'yes' : html`<strong>no</strong>`,
        page.show(`${path}.detectable`, 'percent'),
      ],
    })),
  })
}
