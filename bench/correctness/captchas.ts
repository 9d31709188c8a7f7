import type { Completion } from '../history.js'
import { race } from '../load/race.js'
import { shuffle } from '../statistics.js'
import { anyWorker, elsewhere } from './choose.js'
import { inventedId } from './draw.js'
import type { Captcha, Remembered } from './ledger.js'
import type { OpenSite } from './site.js'
import { pause } from './task.js'

/** What clients do with captchas. Everything that happens is in the history; what is returned only steers them. */

/** No code has a 0 or a 1 in it. */
const wrongAnswer = 'WR0NG1'

/** Before a client that was given no connection, or no captcha, tries again, ms. */
const breathMs = 20

export async function issue(site: OpenSite, worker: number): Promise<Captcha | undefined> {
  const told = await site.client.run(worker, { verb: 'issue' })
  if (told?.result === 'issued' && told.id !== undefined && told.answer !== undefined)
    return { id: told.id, answer: told.answer, issuer: worker }
  // Most likely nothing will be better at once: a client that gave up on a dead server must not spin.
  await pause(breathMs, site.task.signal)
  return undefined
}

export function read({ client }: OpenSite, { id }: Captcha, worker: number): Promise<Completion | undefined> {
  return client.run(worker, { verb: 'read', id })
}

export function take(
  { client }: OpenSite,
  { id, answer }: Captcha,
  worker: number,
): Promise<Completion | undefined> {
  return client.run(worker, { verb: 'take', id, answer })
}

/** Reads it on one to three workers, the first another than its issuer. */
export async function readAround(site: OpenSite, captcha: Captcha): Promise<void> {
  const { random } = site
  let worker = captcha.issuer
  for (let left = 1 + Math.floor(random() * 3); left > 0; left -= 1) {
    worker = elsewhere(site, worker)
    await read(site, captcha, worker)
  }
}

/** The right answer, once, on another worker as a rule; then, now and then, again. */
export async function takeOnce(site: OpenSite, captcha: Captcha): Promise<void> {
  const { random } = site
  const isSame = random() < 0.15
  const worker = isSame ? captcha.issuer : elsewhere(site, captcha.issuer)
  const told = await take(site, captcha, worker)
  if (told?.result === 'accepted') await spend(site, captcha, worker)
  // Nobody knows whether it has been taken: somebody will look.
  else if (told?.kind === 'info') await leave(site, captcha)
}

async function spend(site: OpenSite, captcha: Captcha, worker: number): Promise<void> {
  const { random, ledger } = site
  if (random() < 0.3) {
    await take(site, captcha, worker)
    await take(site, captcha, elsewhere(site, worker))
  }
  const old = ledger.spend(captcha)
  if (old !== undefined) await take(site, old, anyWorker(site))
}

/** Nobody touches it before it has to make room, or everything is looked at. */
export async function leave(site: OpenSite, captcha: Captcha): Promise<void> {
  const old = site.ledger.leave(captcha)
  if (old !== undefined) await visit(site, old)
}

/** One wrong guess; then the right answer elsewhere, which is too late. */
export async function guessWrongly(site: OpenSite, captcha: Captcha): Promise<void> {
  const { random } = site
  const worker = elsewhere(site, captcha.issuer)
  const guess = random() < 0.2 ? '' : wrongAnswer
  await take(site, { ...captcha, answer: guess }, worker)
  await take(site, captcha, elsewhere(site, worker))
  if (random() < 0.5) await take(site, captcha, worker)
}

/** Ids nobody has issued, with somebody's answer; then the captcha whose answer that was. */
export async function probe(site: OpenSite, captcha: Captcha): Promise<void> {
  const { random } = site
  const invented = { ...captcha, id: inventedId(random) }
  await read(site, invented, anyWorker(site))
  await take(site, invented, anyWorker(site))
  await take(site, { ...invented, answer: '' }, anyWorker(site))
  const other = await issue(site, anyWorker(site))
  if (other === undefined) return takeOnce(site, captcha)
  // The answer of another captcha is a wrong guess.
  await take(site, { ...captcha, answer: other.answer }, anyWorker(site))
  await takeOnce(site, other)
}

/** Numbers of races, by history. */
const races = new WeakMap<OpenSite['recorder'], number>()

/** Several take it at the same time: on every worker once or twice, or, now and then, all on one. */
export async function raceFor(site: OpenSite, captcha: Captcha): Promise<void> {
  const { random, client, recorder } = site
  const all = Array.from({ length: client.workers }, (_, worker) => worker)
  const isOnOne = client.workers === 1 || random() < 0.15
  const one = Array.from({ length: 4 }, () => captcha.issuer)
  const entrants = isOnOne ? one : shuffle(random() < 0.5 ? all : [...all, ...all], random)
  const wrong = random() < 0.2 ? Math.floor(random() * entrants.length) : -1
  const connections = await client.acquireAll(entrants)
  // Somebody it takes is not to be had, as when a worker stands still.
  if (connections === undefined) return takeOnce(site, captcha)
  const number = (races.get(recorder) ?? 0) + 1
  races.set(recorder, number)
  const { id, answer } = captcha
  const requestFor = (index: number) =>
    ({ verb: 'take', id, answer: index === wrong ? wrongAnswer : answer }) as const
  await race(connections, requestFor, number)
  connections.forEach(client.release)
  const old = site.ledger.spend(captcha)
  if (old !== undefined) await take(site, old, anyWorker(site))
}

/** Looks whether it is there, and takes it, on any two workers. */
async function visit(site: OpenSite, captcha: Captcha): Promise<void> {
  await read(site, captcha, anyWorker(site))
  await take(site, captcha, elsewhere(site, captcha.issuer))
}

/** Comes back to everything that is remembered: what nobody took is read and taken, what was taken is taken again. */
export async function comeBack(site: OpenSite, { outstanding, spent }: Remembered): Promise<void> {
  const { random, client } = site
  const visits = [
    ...outstanding.map((captcha) => () => visit(site, captcha)),
    ...spent.map((captcha) => () => take(site, captcha, anyWorker(site))),
  ]
  const queue = shuffleLong(visits, random)
  const visitor = async () => {
    for (let next = queue.pop(); next !== undefined && !site.task.signal.aborted; next = queue.pop())
      await next()
  }
  await Promise.all(Array.from({ length: client.connections }, visitor))
}

function shuffleLong<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, place: random() }))
    .sort((a, b) => a.place - b.place)
    .map(({ item }) => item)
}

/** Every worker issues one that the next one takes: the store works again, or it does not. */
export async function tryAll(site: OpenSite): Promise<void> {
  const { client } = site
  for (let worker = 0; worker < client.workers && !site.task.signal.aborted; worker += 1) {
    const captcha = await issue(site, worker)
    if (captcha !== undefined) await take(site, captcha, (worker + 1) % client.workers)
  }
}
