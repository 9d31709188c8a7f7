import { CustomChart, LineChart } from 'echarts/charts'
import { GridComponent } from 'echarts/components'
import * as echarts from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'

echarts.use([CustomChart, LineChart, GridComponent, SVGRenderer])

/** What charts are drawn with, by purpose. */
const purposes = ['ink', 'soft', 'rule', 'fill', 'typical', 'tail', 'third'] as const
export type Ink = (typeof purposes)[number]
export type Inks = Readonly<Record<Ink, string>>

/** A page's charts take its colours, light or dark. */
export const pageInks: Inks = {
  ink: 'var(--ink)',
  soft: 'var(--soft)',
  rule: 'var(--rule)',
  fill: 'var(--fill)',
  typical: 'var(--typical)',
  tail: 'var(--tail)',
  third: 'var(--third)',
}

/** Legible on white and on black: a file beside report.md does not know where it is shown. */
export const neutralInks: Inks = {
  ink: '#768390',
  soft: '#768390',
  rule: '#76839044',
  fill: '#76839066',
  typical: '#2f7fd1',
  tail: '#d9730d',
  third: '#2a9d74',
}

/** Colours that stand for inks while echarts draws, for it parses what it is given and knows no variables. */
export const stand: Inks = Object.fromEntries(
  purposes.map((purpose, index) => [purpose, `#0000a${index}`]),
) as Inks

export interface Drawing {
  readonly width: number
  readonly height: number
  readonly option: echarts.EChartsCoreOption
  readonly inks: Inks
}

/** @returns what stands inside an svg of this size; the same for the same drawing, however much was drawn before */
export function draw({ width, height, option, inks }: Drawing): string {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height })
  chart.setOption({ animation: false, ...option })
  const svg = chart.renderToSVGString()
  chart.dispose()
  return inked(bare(svg), inks)
}

/**
 * echarts numbers its classes and ids from a counter of the whole process, and brings rules for pointers that hover and
 * clips that clip nothing here: without these the text depends on the drawing alone. Sizes of type move to attributes, so that a page may forbid inline styles.
 */
function bare(svg: string): string {
  const found = svg
    .replace(/^<svg[^>]*>\s*/, '')
    .replace(/<\/svg>\s*$/, '')
    .replaceAll(/<(style|defs)[\s\S]*?<\/\1>\s*/g, '')
    .replaceAll(/ clip-path="[^"]*"/g, '')
    .replaceAll(/<rect [^>]*fill="none"><\/rect>\s*/g, '')
    .replaceAll(/ (?:class="zr[^"]*"|pointer-events="[^"]*"|ecmeta_\w+="[^"]*"|xml:space="[^"]*")/g, '')
    .replaceAll(/style="font-size:(\d+)px;[^"]*"/g, 'font-size="$1"')
    .replaceAll(/ (?:d|transform)="[^"]*"/g, (places) => places.replaceAll(/(\.\d)\d+/g, '$1'))
    .replaceAll('></path>', '/>')
  if (/ (?:id|style|clip-path)="/.test(found))
    throw new Error('expected a drawing without ids and inline styles')
  return found
}

function inked(svg: string, inks: Inks): string {
  return purposes.reduce((text, purpose) => text.replaceAll(`"${stand[purpose]}"`, `"${inks[purpose]}"`), svg)
}
