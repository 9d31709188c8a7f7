/**
 * What a reader may do with the page: pick a baseline, hide strategies, keep that in the address.
 *
 * A text and not a compiled function: the page's policy allows this script by its hash, so its bytes must not depend on who
 * compiled it (tsc here, vitest's own compiler in tests), and a program for Node has no types of a document. It can be a text
 * because it computes nothing: every figure it may show was computed and worded by `rebase.ts`, and it looks them up.
 */
export const script = `'use strict'
const data = JSON.parse(document.getElementById('data').textContent)
const all = (selector) => [...document.querySelectorAll(selector)]
const start = { baseline: data.baseline, hidden: new Set() }
let state = start

const fragment = () => {
  const name = (place) => encodeURIComponent(data.names[place])
  const parts = []
  if (state.baseline !== data.baseline) parts.push('baseline=' + name(state.baseline))
  if (state.hidden.size > 0) parts.push('hide=' + [...state.hidden].sort((a, b) => a - b).map(name).join(','))
  return parts.join('&')
}

const placeOf = (text) => {
  try {
    return data.names.indexOf(decodeURIComponent(text))
  } catch {
    return -1
  }
}

const parsed = (text) => {
  const found = { baseline: data.baseline, hidden: new Set() }
  for (const part of text.split('&')) {
    const [key, value = ''] = part.split('=')
    if (key === 'baseline' && data.baselines.includes(placeOf(value))) found.baseline = placeOf(value)
    if (key === 'hide') for (const name of value.split(',')) if (placeOf(name) >= 0) found.hidden.add(placeOf(name))
  }
  return found
}

const show = () => {
  const texts = data.texts[data.baselines.indexOf(state.baseline)]
  if (texts) {
    for (const cell of all('[data-ratio]')) cell.textContent = texts[Number(cell.dataset.ratio)]
    for (const word of all('[data-baseline]')) word.textContent = data.names[state.baseline]
  }
  for (const part of all('[data-strategy]')) part.hidden = state.hidden.has(Number(part.dataset.strategy))
  for (const box of all('#view input')) box.checked = !state.hidden.has(Number(box.value))
  const pick = document.getElementById('baseline')
  if (pick) pick.value = String(state.baseline)
  const hidden = [...state.hidden].map((place) => data.names[place])
  document.getElementById('state').textContent = [
    state.baseline === data.baseline ? '' : 'Ratios are re-read against ' + data.names[state.baseline] + ', with wider intervals (How to read it).',
    hidden.length === 0 ? '' : 'Hidden: ' + hidden.join(', ') + '.',
  ].join(' ').trim()
}

const change = (next) => {
  state = { ...state, ...next }
  show()
  history.replaceState(null, '', '#' + fragment())
}

const view = document.getElementById('view')
view.hidden = false
view.addEventListener('change', (event) => {
  if (event.target.id === 'baseline') return change({ baseline: Number(event.target.value) })
  const hidden = new Set(state.hidden)
  hidden[event.target.checked ? 'delete' : 'add'](Number(event.target.value))
  change({ hidden })
})
document.getElementById('reset').addEventListener('click', () => change(start))
document.addEventListener('keydown', (event) => {
  if (event.key === 'Escape') view.open = false
})
document.addEventListener('click', (event) => {
  if (!view.contains(event.target)) view.open = false
})

// A link to a section must not wipe the state from the address.
document.querySelector('nav').addEventListener('click', (event) => {
  const link = event.target.closest('a')
  if (!link || fragment() === '') return
  event.preventDefault()
  const section = document.querySelector(link.hash)
  section.tabIndex = -1
  section.focus()
  section.scrollIntoView()
})

const read = () => {
  if (!location.hash.includes('=') && location.hash.length > 1) return
  state = parsed(location.hash.slice(1))
  show()
}
addEventListener('hashchange', read)
read()

// What scrolls by itself must be reachable by keys, and nothing else be in their way.
const reach = () => {
  for (const box of all('.scroll')) {
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0
    else box.removeAttribute('tabindex')
  }
}
addEventListener('resize', reach)
document.addEventListener('toggle', reach, true)
reach()

// On paper everything is open.
let opened = []
addEventListener('beforeprint', () => {
  opened = all('main details:not([open])')
  for (const part of opened) part.open = true
})
addEventListener('afterprint', () => {
  for (const part of opened) part.open = false
})
`
