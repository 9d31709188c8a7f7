import { type Results, timingRow } from '../../results.js'
import type { Operation, Sweep } from '../../slices.js'
import { duration } from '../format.js'
import { html, trusted } from '../html/markup.js'
import { tellings } from '../scaling.js'
import { logAxis } from './axis.js'
import { distribution } from './distribution.js'
import { neutralInks } from './draw.js'
import { svgFile } from './frame.js'
import { drawGrowth, growthAxes, panelSize } from './growth.js'
import { drawStrips } from './strip.js'

/** Pictures beside report.md, for where a page cannot be shown. Each is empty when the run has nothing to draw. */

export function latencyChart(operation: Operation): (results: Results) => string {
  return ({ strategies, controls }) => {
    const arms = [
      ...strategies.map(({ name, timing }) => ({ name, timing })),
      { name: '(no-op store)', timing: controls.noop.timing },
    ].flatMap(({ name, timing }) => {
      const row = timingRow(timing, operation, 'client')
      return row === undefined || row.slices === 0 ? [] : [{ name, row, columns: distribution(row) ?? [] }]
    })
    if (arms.length === 0) return ''
    const axis = logAxis([
      ...arms.flatMap(({ columns }) => columns.flatMap(({ fromUs, toUs }) => [fromUs * 1.01, toUs * 0.99])),
      ...arms.flatMap(({ row }) => [row.p50Us ?? 0, row.p99Us ?? 0]),
    ])
    const { svg, width, height } = drawStrips({
      axis,
      tell: duration,
      inks: neutralInks,
      strips: arms.map(({ name, row, columns }) => ({
        name,
        columns,
        marks: [
          { at: row.p50Us, interval: row.intervals.p50Us, ink: 'typical' },
          { at: row.p99Us, interval: row.intervals.p99Us, ink: 'tail' },
        ],
      })),
    })
    return svgFile(svg, width, height, `Latencies of ${operation}`)
  }
}

const acrossPanels = 3
const titleHeight = 22

export function scalingChart(sweep: Sweep): (results: Results) => string {
  const telling = tellings.find((one) => one.sweep === sweep)
  return ({ strategies, controls }) => {
    const panels = [
      ...strategies.map(({ name, scaling }) => ({ name, scaling })),
      { name: '(no-op store)', scaling: controls.noop.scaling },
    ].flatMap(({ name, scaling }) => {
      const sweeps = scaling?.sweeps.filter((found) => found.sweep === sweep) ?? []
      return sweeps.length === 0 ? [] : [{ name, sweeps }]
    })
    if (telling === undefined || panels.length === 0) return ''
    const axes = growthAxes(
      panels.flatMap(({ sweeps }) => sweeps),
      telling.shown,
    )
    const step = { x: panelSize.width + 10, y: panelSize.height + titleHeight + 10 }
    const drawn = panels.map(({ name, sweeps }, index) => {
      const [x, y] = [(index % acrossPanels) * step.x, Math.floor(index / acrossPanels) * step.y]
      const curves = drawGrowth({ sweeps, metric: telling.shown, tell: telling.figure, ...axes }, neutralInks)
      return html`<g transform="translate(${x} ${y})"><text x="58" y="15" font-size="13" fill="${neutralInks.ink}">${name.slice(0, 30)}</text><g transform="translate(0 ${titleHeight})">${trusted(curves)}</g></g>\n`
        .markup
    })
    const rows = Math.ceil(panels.length / acrossPanels)
    return svgFile(drawn.join(''), acrossPanels * step.x, rows * step.y, telling.sizes)
  }
}
