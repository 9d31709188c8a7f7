import type { Axis } from './axis.js'
import type { Column } from './distribution.js'
import { draw, type Ink, type Inks, pageInks, stand } from './draw.js'

/** A figure on an axis, with its interval where it has one. */
export interface Mark {
  readonly at: number | null
  readonly interval?: { readonly low: number; readonly high: number } | null
  readonly ink: Ink
}

/** One strategy's row of a chart: a distribution above, a lane for each figure below. */
export interface Strip {
  readonly name?: string
  readonly columns?: readonly Column[]
  readonly marks: readonly Mark[]
}

const width = 1_000
const laneHeight = 12
const hillHeight = 30

export function stripHeight({ columns, marks }: Strip): number {
  return (columns === undefined ? 4 : hillHeight + 6) + marks.length * laneHeight + 2
}

/** A row without words, that may be stretched to any width. Marks in the table beside it name it. */
export function drawStrip(axis: Axis, strip: Strip): string {
  const height = stripHeight(strip)
  return draw({
    width,
    height,
    inks: pageInks,
    option: {
      grid: { left: 0, right: 0, top: 0, bottom: 0 },
      xAxis: axisOption(axis),
      yAxis: { type: 'value', min: 0, max: height, inverse: true, show: false },
      series: [stripSeries(axis, strip, 0)],
    },
  })
}

export interface StripChart {
  readonly axis: Axis
  readonly strips: readonly Strip[]
  readonly tell: (value: number) => string
  readonly inks: Inks
}

const labels = 150
const chartWidth = 860

/** All rows on one axis, with their names: for where a chart stands alone. */
export function drawStrips({ axis, strips, tell, inks }: StripChart): {
  svg: string
  width: number
  height: number
} {
  const tops = strips.map((_, index) =>
    strips.slice(0, index).reduce((sum, strip) => sum + stripHeight(strip) + 8, 0),
  )
  const content = strips.reduce((sum, strip) => sum + stripHeight(strip) + 8, 0)
  const height = content + 30
  const svg = draw({
    width: chartWidth,
    height,
    inks,
    option: {
      grid: { left: labels, right: 30, top: 4, bottom: 26 },
      xAxis: axisOption(axis, tell),
      yAxis: { type: 'value', min: 0, max: content, inverse: true, show: false },
      series: strips.map((strip, index) => stripSeries(axis, strip, tops[index] ?? 0)),
    },
  })
  return { svg, width: chartWidth, height }
}

/** Powers need no decimals. */
export function short(told: string): string {
  return told.replace(/(\.\d*?)0+(?= )/, '$1').replace(/\.(?= )/, '')
}

function axisOption({ kind, min, max, base }: Axis, tell?: (value: number) => string) {
  return {
    type: kind === 'log' ? 'log' : 'value',
    logBase: base,
    min,
    max,
    axisLine: { show: false },
    axisTick: { show: false },
    axisLabel: {
      show: tell !== undefined,
      color: stand.soft,
      fontSize: 12,
      formatter: tell && ((value: number) => short(tell(value))),
    },
    splitLine: { show: true, lineStyle: { color: stand.rule } },
  }
}

interface Api {
  coord(point: readonly [number, number]): [number, number]
}

function stripSeries(axis: Axis, strip: Strip, top: number) {
  return {
    type: 'custom',
    silent: true,
    clip: false,
    data: [[axis.min, top]],
    renderItem: (_params: unknown, api: Api) => ({ type: 'group', children: shapes(axis, strip, top, api) }),
  }
}

function shapes(axis: Axis, strip: Strip, top: number, api: Api): readonly object[] {
  const [left, y] = api.coord([axis.min, top])
  const lanes = y + (strip.columns === undefined ? 4 : hillHeight + 6)
  return [
    ...(strip.name === undefined ? [] : [nameText(strip.name, left - 12, (y + lanes) / 2 + 6)]),
    ...(strip.columns === undefined || strip.columns.length === 0
      ? []
      : [hill(strip.columns, y + hillHeight + 2, api)]),
    ...strip.marks.flatMap((mark, lane) => markShapes(axis, mark, lanes + (lane + 0.5) * laneHeight, api)),
  ]
}

function nameText(name: string, x: number, y: number): object {
  const shown = name.length > 18 ? `${name.slice(0, 17)}…` : name
  return {
    type: 'text',
    style: {
      text: shown,
      x,
      y,
      fill: stand.ink,
      fontSize: 13,
      textAlign: 'right',
      textVerticalAlign: 'middle',
    },
  }
}

/** Each row to its own height: what it shows is the shape. A column that holds anything is at least a hair high. */
function hill(columns: readonly Column[], foot: number, api: Api): object {
  const tallest = Math.max(...columns.map(({ share }) => share))
  const points = columns
    .toSorted((a, b) => a.fromUs - b.fromUs)
    .flatMap(({ fromUs, toUs, share }) => {
      const y = foot - Math.max(1.5, (share / tallest) * hillHeight)
      const [from, to] = [api.coord([fromUs, 0])[0], api.coord([toUs, 0])[0]]
      return [
        [from, foot],
        [from, y],
        [to, y],
        [to, foot],
      ]
    })
  return { type: 'polygon', shape: { points }, style: { fill: stand.fill } }
}

function markShapes(axis: Axis, { at, interval, ink }: Mark, y: number, api: Api): readonly object[] {
  const xOf = (value: number) => api.coord([Math.min(axis.max, Math.max(axis.min, value)), 0])[0]
  const line = (x1: number, y1: number, x2: number, y2: number, lineWidth: number) => ({
    type: 'line',
    shape: { x1, y1, x2, y2 },
    style: { stroke: stand[ink], lineWidth },
  })
  return [
    ...(interval ? [line(xOf(interval.low), y, xOf(interval.high), y, 2)] : []),
    ...(at === null ? [] : [line(xOf(at), y - laneHeight / 2 + 1, xOf(at), y + laneHeight / 2 - 1, 4)]),
  ]
}
