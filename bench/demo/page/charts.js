/** Two small drawings. Colours are the style sheet's; what they show is said in words beside them. */

/** The bar is so wide in its own units. */
const whole = 100

/** A line is so high, and its longest values are cut off: one slow call must not flatten all others. */
const height = 24
const cutAt = 4

/** Fewer calls make no line. */
const fewest = 8

export function drawRate(svg, rate, expected) {
  svg.querySelector('.value').setAttribute('width', String(rate * whole))
  svg.querySelector('.expected').setAttribute('x', String(Math.min(expected * whole, whole - 0.6)))
}

/** @param recent durations, newest last */
export function drawLine(svg, name, recent, medianUs) {
  if (recent.length < fewest) {
    svg.replaceChildren()
    svg.setAttribute('aria-label', `${name}: too few calls to draw`)
    return
  }
  const top = cutAt * Math.max(medianUs, 1)
  const points = recent.map((us, index) => {
    const x = (index / (recent.length - 1)) * whole
    const y = height - 1 - (Math.min(us, top) / top) * (height - 2)
    return `${x.toFixed(2)},${y.toFixed(2)}`
  })
  const line = document.createElementNS('http://www.w3.org/2000/svg', 'polyline')
  line.setAttribute('points', points.join(' '))
  svg.replaceChildren(line)
  svg.setAttribute('aria-label', `${name}: the latest ${recent.length} calls`)
}
