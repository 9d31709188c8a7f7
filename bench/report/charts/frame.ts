import { html, type Markup, trusted } from '../html/markup.js'
import { type Axis, positionOn } from './axis.js'
import { drawStrip, type Strip, short, stripHeight } from './strip.js'

/** A strip as a picture of its own, that stretches with its column. */
export function stripFigure(axis: Axis, strip: Strip, alternative: string): Markup {
  return html`<svg class="strip" role="img" aria-label="${alternative}" viewBox="0 0 1000 ${stripHeight(strip)}" height="${stripHeight(strip)}" preserveAspectRatio="none">${trusted(drawStrip(axis, strip))}</svg>`
}

/** Words do not stretch: they stand at shares of the width. */
export function axisFigure(axis: Axis, tell: (value: number) => string): Markup {
  const last = axis.ticks.length - 1
  // More than five would run into one another on a narrow screen.
  const every = Math.ceil(axis.ticks.length / 5)
  const shown = axis.ticks.filter((_, index) => index % every === 0 || (index === last && every === 1))
  return html`<svg class="axis" aria-hidden="true" height="16" width="100%">${shown.map((tick) => {
    const share = positionOn(axis, tick)
    const anchor = share < 0.02 ? 'start' : share > 0.98 ? 'end' : 'middle'
    return html`<text x="${(share * 100).toFixed(1)}%" y="12" text-anchor="${anchor}">${short(tell(tick))}</text>`
  })}</svg>`
}

/** A picture as a file beside report.md. */
export function svgFile(svg: string, width: number, height: number, title: string): string {
  return `${
    html`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img" font-family="system-ui, sans-serif"><title>${title}</title>
${trusted(svg)}</svg>`.markup
  }\n`
}
