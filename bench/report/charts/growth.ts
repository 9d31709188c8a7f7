import type { ScalingMetric, ScalingSweepResult } from '../../results.js'
import { operations } from '../../slices.js'
import { type Axis, logAxis } from './axis.js'
import { draw, type Ink, type Inks, stand } from './draw.js'
import { short } from './strip.js'

/** One strategy's curves over one thing that was varied: an operation a line. */
export interface GrowthPanel {
  readonly sweeps: readonly ScalingSweepResult[]
  readonly metric: ScalingMetric
  readonly x: Axis
  readonly y: Axis
  readonly tell: (value: number) => string
}

export const panelSize = { width: 300, height: 190 } as const

/** Told apart by mark and stroke as well as by colour. */
export const curves = {
  write: { symbol: 'circle', line: 'solid', ink: 'typical' },
  read: { symbol: 'rect', line: 'dashed', ink: 'tail' },
  take: { symbol: 'triangle', line: 'dotted', ink: 'third' },
} as const satisfies Readonly<Record<string, { symbol: string; line: string; ink: Ink }>>

/** Around every size and figure of these sweeps, so that panels can be compared. */
export function growthAxes(
  sweeps: readonly ScalingSweepResult[],
  metric: ScalingMetric,
): { readonly x: Axis; readonly y: Axis } {
  const points = sweeps.flatMap((sweep) => sweep.points)
  const base = sweeps[0]?.sweep === 'population' ? 10 : 2
  return {
    x: logAxis(
      points.map(({ size }) => size),
      base,
    ),
    y: logAxis(points.flatMap(({ typical }) => [typical[metric]?.low ?? 0, typical[metric]?.high ?? 0])),
  }
}

export function drawGrowth({ sweeps, metric, x, y, tell }: GrowthPanel, inks: Inks): string {
  return draw({
    ...panelSize,
    inks,
    option: {
      grid: { left: 58, right: 14, top: 10, bottom: 26 },
      xAxis: sideOption(x, (size) => size.toLocaleString('en')),
      yAxis: sideOption(y, tell),
      series: operations.flatMap((operation) => {
        const sweep = sweeps.find((one) => one.operation === operation)
        return sweep === undefined ? [] : curve(sweep, metric)
      }),
    },
  })
}

function sideOption({ min, max, base }: Axis, tell: (value: number) => string) {
  return {
    type: 'log',
    logBase: base,
    min,
    max,
    axisLine: { show: false },
    axisTick: { show: false },
    axisLabel: { color: stand.soft, fontSize: 11, formatter: (value: number) => short(tell(value)) },
    splitLine: { show: true, lineStyle: { color: stand.rule } },
  }
}

interface Api {
  coord(point: readonly [number, number]): [number, number]
}

function curve({ operation, points }: ScalingSweepResult, metric: ScalingMetric): readonly object[] {
  const { symbol, line, ink } = curves[operation]
  const color = stand[ink]
  const known = points.flatMap(({ size, typical }) => {
    const found = typical[metric]
    return found === null || found.value <= 0 ? [] : [{ size, ...found }]
  })
  const plain = { silent: true, clip: false, animation: false }
  return [
    {
      ...plain,
      type: 'line',
      symbol,
      symbolSize: 7,
      showAllSymbol: true,
      lineStyle: { color, width: 2, type: line },
      itemStyle: { color },
      data: known.map(({ size, value }) => [size, value]),
    },
    {
      ...plain,
      type: 'custom',
      data: known.map(({ size, low }) => [size, Math.max(low, Number.MIN_VALUE)]),
      renderItem: ({ dataIndex }: { dataIndex: number }, api: Api) => errorBar(known[dataIndex], color, api),
    },
  ]
}

function errorBar(
  point: { readonly size: number; readonly low: number; readonly high: number } | undefined,
  stroke: string,
  api: Api,
): object | undefined {
  if (point === undefined || point.low <= 0) return undefined
  const [x1, y1] = api.coord([point.size, point.low])
  const [x2, y2] = api.coord([point.size, point.high])
  return { type: 'line', shape: { x1, y1, x2, y2 }, style: { stroke, lineWidth: 1.5 } }
}
