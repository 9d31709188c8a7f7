/** Parts of the page, each drawn from what the demo told. All text goes in as text. */

export function at(id) {
  return document.getElementById(id)
}

function element(tag, name, text = '') {
  const made = document.createElement(tag)
  if (name !== '') made.className = name
  made.textContent = text
  return made
}

/** Only what differs is written: a screen reader says what changes. */
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text
}

export function percent(share) {
  return `${(share * 100).toFixed(share === 0 || share === 1 ? 0 : 1).replace(/\.0$/, '')} %`
}

export function duration(us) {
  if (us === undefined) return '–'
  return us < 1_000 ? `${us.toFixed(us < 10 ? 1 : 0)} µs` : `${(us / 1_000).toFixed(1)} ms`
}

function after(ms) {
  return ms < 1_000 ? `+${Math.max(1, Math.round(ms))} ms` : `+${(ms / 1_000).toFixed(1)} s`
}

/** Workers have numbers from 0, and people count from 1. */
function nameOf({ id }) {
  return `worker ${id + 1}`
}

function list(words) {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}

const drawn = new WeakMap()

/** Draws anew only what has changed. */
function once(node, told, draw) {
  const text = JSON.stringify(told)
  if (drawn.get(node) === text) return
  drawn.set(node, text)
  draw()
}

export function showStory(name, story) {
  const steps = at(`${name}-story`)
  const moral = at(`${name}-moral`)
  once(steps, story, () => steps.replaceChildren(...(story?.steps ?? []).map((step) => stepOf(step, story))))
  write(moral, story?.moral ?? '')
  moral.dataset.mood = story?.mood ?? 'neutral'
}

function stepOf(told, story) {
  const { time, afterMs, workers, what, result } = told
  const step = element('li', '')
  const text = element('span', 'what')
  text.append(element('b', '', list(workers.map(nameOf))), ' ')
  text.append(element('span', 'pid', `(pid ${workers.map(({ pid }) => pid).join(', ')})`), ` ${what}`)
  if (result !== undefined) text.append(': ', element('b', toneOf(told, story), result))
  step.append(element('span', 'time', `Time ${time}`), ' ', text)
  if (time > 0) step.append(' ', element('span', 'after', after(afterMs)))
  return step
}

/** The same word is good news in one story and bad in another: *unknown* is what a replay should hear. */
function toneOf(step, { steps, mood }) {
  if (mood === 'bad' && step === steps.at(-1)) return 'bad'
  return step.result === 'accepted' ? 'good' : ''
}

/** @param choose called with a name */
export function showStrategies({ strategy, strategies, looking, starting }, choose) {
  const group = at('strategies')
  const open = strategies.filter(({ skipped }) => skipped === undefined)
  const names = open.map(({ name }) => name)
  // Buttons stay while the list does: whoever is on one with the keyboard keeps it.
  once(group, names, () => group.replaceChildren(...open.map((one) => pillOf(one, choose))))
  for (const pill of group.querySelectorAll('button')) {
    pill.setAttribute('aria-pressed', String(pill.dataset.name === strategy.name))
    pill.setAttribute('aria-busy', String(pill.dataset.name === starting))
  }
  const skipped = strategies.filter((one) => one.skipped !== undefined)
  at('skipped').hidden = skipped.length === 0
  write(at('skipped-title'), `${skipped.length} cannot run here`)
  const reasons = at('skipped-list')
  once(reasons, skipped, () =>
    reasons.replaceChildren(
      ...skipped.map(({ name, skipped: reason }) => element('li', '', `${name}: ${reason}`)),
    ),
  )
  write(at('strategy-name'), `${strategy.name}.`)
  write(
    at('strategy-summary'),
    strategy.exhibit ? `${strategy.summary} ${strategy.exhibit}` : strategy.summary,
  )
  write(at('strategy-claims'), noteOf({ strategy, looking, starting }))
}

function pillOf({ name, exhibit }, choose) {
  const pill = element('button', 'pill', exhibit ? `${name} †` : name)
  pill.type = 'button'
  pill.dataset.name = name
  pill.addEventListener('click', () => choose(name))
  const item = element('li', '')
  item.append(pill)
  return item
}

const reaches = {
  process: 'each worker has its own',
  threads: 'threads of one process share it',
  host: 'all workers of a host share it',
  fleet: 'all workers of all hosts share it',
}
const outlives = {
  nothing: 'it outlives nothing',
  'worker-crash': 'it outlives a worker',
  restart: 'it outlives a restart',
  'power-loss': 'it outlives a power loss',
}

function noteOf({ strategy: { claims }, looking, starting }) {
  if (starting !== undefined) return `Starting a server of ${starting} …`
  const use = claims.singleUse ? 'each captcha is accepted once' : 'a captcha may be accepted again'
  const found = looking ? ' Looking which others can run here …' : ''
  return `It claims: ${reaches[claims.scope]}; ${use}; ${outlives[claims.survives]}.${found}`
}

/** @param kill called with a worker's number */
export function showWorkers({ workers, stories, latest }, kill) {
  const all = at('workers')
  once(all, workers.length, () => all.replaceChildren(...workers.map(({ id }) => workerOf(id, kill))))
  for (const [index, worker] of workers.entries()) fillWorker(all.children[index], worker, stories[latest])
}

function workerOf(id, kill) {
  const card = element('li', 'worker')
  const head = element('p', 'head')
  head.append(element('b', '', `worker ${id + 1}`), ' ', element('span', 'pid'))
  const button = element('button', 'kill', 'Kill')
  button.type = 'button'
  button.setAttribute('aria-label', `Kill worker ${id + 1}`)
  button.addEventListener('click', () => kill(id))
  card.append(head, element('p', 'marks'), element('p', 'chips'), button)
  return card
}

function fillWorker(card, { id, pid, running, holds }, story) {
  card.dataset.running = String(running)
  write(card.querySelector('.pid'), running ? `pid ${pid}` : `pid ${pid} ended; starting again …`)
  card.querySelector('.kill').setAttribute('aria-disabled', String(!running))
  const own = story.steps.filter(({ workers }) => workers.some((worker) => worker.id === id))
  const marks = card.querySelector('.marks')
  once(marks, own, () => marks.replaceChildren(...own.map((step) => markOf(step, story))))
  const chips = card.querySelector('.chips')
  once(chips, holds ?? null, () => chips.replaceChildren(...(holds ? chipsOf(holds) : [])))
}

function markOf(step, story) {
  const { time, what, result } = step
  const tone = result === undefined ? '' : toneOf(step, story)
  return element('span', tone, `Time ${time}: ${result ?? what.replace(' captcha ', ' ')}`)
}

function chipsOf({ count, newest }) {
  if (count === 0) return [element('span', 'quiet', 'holds nothing')]
  const chips = newest.map((number) => element('span', 'chip', String(number)))
  return count > newest.length
    ? [element('span', 'quiet all', `${count} captchas, the latest`), ...chips]
    : chips
}

export function showSharing({ strategy, shared }) {
  at('shared').hidden = shared === undefined
  if (shared === undefined) return
  write(at('shared-name'), strategy.name)
  const chips = at('shared-chips')
  once(chips, shared, () => chips.replaceChildren(...chipsOf(shared)))
}
