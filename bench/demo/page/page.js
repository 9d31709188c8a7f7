import { drawLine, drawRate } from './charts.js'
import { at, duration, percent, showSharing, showStory, showStrategies, showWorkers, write } from './parts.js'

/** Shows what the demo tells, and sends what is pressed. */

const form = at('try')
const answer = at('answer')
const problem = at('problem')

/** What is under way: pressed twice, a button asks once. */
const busy = new Set()

/** What the page showed before. */
let picture = ''
/** Whose logins are under way. */
let loggingIn = ''
let captcha

const states = new EventSource('api/states')
states.addEventListener('message', ({ data }) => show(JSON.parse(data)))
states.addEventListener('open', () => complain(''))
states.addEventListener('error', () => complain('The demo does not answer. Has it ended?'))

/** @returns whether it was done; what was not is told */
async function ask(path, body = {}) {
  const asked = path + JSON.stringify(body)
  if (busy.has(asked)) return false
  busy.add(asked)
  try {
    const response = await fetch(`api/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
    const told = await response.json()
    complain(response.ok ? '' : told.error)
    if (response.ok) show(told)
    return response.ok
  } catch {
    complain('The demo does not answer. Has it ended?')
    return false
  } finally {
    busy.delete(asked)
  }
}

function complain(text) {
  problem.hidden = text === ''
  write(problem, text)
}

form.addEventListener('submit', async (event) => {
  event.preventDefault()
  const route = new FormData(form).get('route')
  if (!canAnswer() || !(await ask('submit', { captcha: captcha.number, answer: answer.value, route }))) return
  // Whoever types goes on from where the next thing is done.
  if (canAnswer()) answer.select()
  else at('new').focus()
})
at('new').addEventListener('click', async () => {
  if (await ask('captcha')) answer.focus()
})
at('logins').addEventListener('click', () => {
  if (loggingIn === '') void ask('logins', { count: 100 })
})
at('replay').addEventListener('click', () => ask('replay'))
at('race').addEventListener('click', () => ask('race'))

/** One that was lost or has expired can still be sent: to be told so. */
function canAnswer() {
  return captcha !== undefined && !captcha.accepted && captcha.fate !== 'taken'
}

function show(state) {
  captcha = state.captcha
  showStrategies(state, (name) => ask('strategy', { name }))
  if (state.failed !== undefined) complain(`${state.failed.name}: ${state.failed.reason}`)
  showTry(state)
  showWorkers(state, (worker) => ask('kill', { worker }))
  showSharing(state)
  for (const name of ['try', 'cheat', 'kill']) showStory(name, state.stories[name])
  at('kill').hidden = state.stories.kill === undefined
  showLogins(state)
}

function showTry({ strategy }) {
  const source = captcha?.hasPicture ? `picture/${strategy.name}/${captcha.number}` : ''
  at('picture').hidden = source === ''
  at('no-picture').hidden = source !== ''
  write(
    at('no-picture'),
    captcha === undefined ? 'No captcha was issued.' : 'The worker had no picture of it.',
  )
  if (source !== picture) {
    picture = source
    answer.value = ''
    if (source !== '') at('picture').src = source
  }
  answer.disabled = !canAnswer()
  at('submit').disabled = !canAnswer()
  at('submit').classList.toggle('primary', canAnswer())
  at('new').classList.toggle('primary', !canAnswer())
  tick()
}

function tick() {
  const seconds = Math.ceil(((captcha?.expiresAt ?? 0) - Date.now()) / 1_000)
  const left = seconds > 0 ? `expires in ${seconds} s` : 'has expired'
  write(
    at('expiry'),
    captcha === undefined ? '' : `Captcha ${captcha.number} ${canAnswer() ? left : 'has been used'}.`,
  )
}
setInterval(tick, 1_000)

function showLogins({ strategy, tally, logins }) {
  const attempts = tally.same.attempts + tally.cross.attempts
  const failures = tally.same.failures + tally.cross.failures
  at('figure').hidden = attempts === 0
  at('counts').hidden = attempts === 0
  write(at('rate'), attempts === 0 ? '' : percent(failures / attempts))
  const so = attempts === 0 ? '' : `, after ${attempts} logins`
  write(at('expected'), `${percent(tally.expected)} expected${so}`)
  drawRate(at('rate-bar'), attempts === 0 ? 0 : failures / attempts, tally.expected)
  for (const side of ['same', 'cross']) {
    write(at(`${side}-failures`), String(tally[side].failures))
    write(at(`${side}-attempts`), String(tally[side].attempts))
  }
  at('unissued').hidden = tally.unissued === 0
  write(at('unissued'), `${tally.unissued} got no captcha to answer.`)
  for (const verb of ['write', 'take']) {
    const { medianUs, recentUs } = tally[verb]
    write(at(`${verb}-median`), duration(medianUs))
    drawLine(at(`${verb}-line`), verb, recentUs, medianUs)
  }
  const button = at('logins')
  button.setAttribute('aria-disabled', String(logins !== undefined))
  write(button, logins === undefined ? 'Log in 100 times' : `Login ${logins.done} of ${logins.asked}`)
  if (loggingIn === strategy.name && logins === undefined)
    write(
      at('logins-done'),
      `${failures} of ${attempts} right answers were refused, ${percent(tally.expected)} expected.`,
    )
  loggingIn = logins === undefined ? '' : strategy.name
}
