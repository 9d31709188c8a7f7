import { messageOf } from '../message-of.js'
import { callRoster, type Entrant } from '../roster.js'
import type { RunServices } from '../services.js'
import type { Random } from '../statistics.js'
import { raceTwo, replay } from './cheats.js'
import { killWorker } from './kill.js'
import { logIn } from './logins.js'
import { Refusal } from './refusal.js'
import { openScene, type Scene } from './scene.js'
import { type State, stateOf } from './state.js'
import type { Story } from './telling.js'
import { answerTry, beginTry, type Route, type Try } from './try.js'

/** A strategy on the stage: its server, and the latest story of each kind. */
export interface Act {
  readonly scene: Scene
  current: Try
  cheat: Story | undefined
  kill: Story | undefined
  /** Which of the stories is the latest. */
  latest: 'try' | 'cheat' | 'kill'
  logins: { readonly done: number; readonly asked: number } | undefined
}

export interface SessionOptions {
  /** Name, or path to a module. */
  readonly strategy: string
  /** Finds out what can be switched to, while the first strategy's server is looked at already. */
  readonly lookAround: () => Promise<readonly Entrant[]>
  readonly workers: number
  readonly ttlMs: number
  readonly secret: string
  readonly services: RunServices
  readonly random: Random
  /** Between two of the demo's own logins, ms. */
  readonly paceMs: number
}

/** What the page shows and may ask for; one for everybody who looks. */
export interface Session extends AsyncDisposable {
  state(): State
  /** @returns ends it */
  onChange(listener: () => void): () => void
  /** SVG of a captcha of the strategy that is shown; `undefined` when there is none. */
  picture(strategy: string, number: number): string | undefined
  /** For tests on this side of the wire. Nothing that is served leads here. */
  answerOf(number: number): string | undefined
  newCaptcha(): Promise<void>
  submit(number: number, sent: { readonly answer: string; readonly route: Route }): Promise<void>
  logIn(count: number): Promise<void>
  replay(): Promise<void>
  race(): Promise<void>
  kill(worker: number): Promise<void>
  switchTo(name: string): Promise<void>
}

/**
 * Starts the first strategy's server, then looks which others can run here.
 * @throws UsageError when there is no such strategy or it cannot run, ServerError when its server does not start
 */
export async function openSession(options: SessionOptions): Promise<Session> {
  const { strategy, services } = options
  const listeners = new Set<() => void>()
  const company = openCompany(options, changed)
  const first = await callRoster({ strategies: [strategy], reference: strategy }, services)
  let entrants: readonly Entrant[] = first
  let looking = true
  let starting: string | undefined
  let failed: { readonly name: string; readonly reason: string } | undefined
  let act = await company.open(entrantOf(first[0]?.name ?? strategy))
  const look = options
    .lookAround()
    .then((found) => {
      entrants = found
    })
    .catch((error: unknown) => {
      failed = { name: 'the other strategies', reason: messageOf(error) }
    })
    .finally(() => {
      looking = false
      changed()
    })

  function changed(): void {
    for (const listener of listeners) listener()
  }

  function entrantOf(name: string): Entrant {
    const entrant = entrants.find((one) => one.name === name)
    if (entrant === undefined) throw new Refusal('there is no such strategy here')
    if (entrant.skipped !== undefined) throw new Refusal(`${name} cannot run here: ${entrant.skipped}`)
    return entrant
  }

  async function switchTo(name: string): Promise<void> {
    const entrant = entrantOf(name)
    starting = name
    failed = undefined
    changed()
    try {
      const opened = await company.open(entrant)
      // Whoever asked last is shown.
      if (starting === name) act = opened
    } catch (error) {
      failed = { name, reason: messageOf(error) }
    } finally {
      if (starting === name) starting = undefined
      changed()
    }
  }

  async function tell(of: Act, latest: Act['latest'], story: () => Promise<Partial<Act>>): Promise<void> {
    try {
      Object.assign(of, await story(), { latest })
    } finally {
      changed()
    }
  }

  return {
    state: () => stateOf(act, { entrants, looking, starting, failed }),
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    picture: (name, number) =>
      name === act.scene.entrant.name ? act.scene.ledger.find(number)?.picture || undefined : undefined,
    answerOf: (number) => act.scene.ledger.find(number)?.answer,
    newCaptcha() {
      const of = act
      return tell(of, 'try', async () => ({ current: await beginTry(of.scene) }))
    },
    submit(number, sent) {
      const of = act
      if (of.current.captcha?.number !== number) throw new Refusal('this captcha is not the one on the page')
      return tell(of, 'try', async () => {
        const current = await answerTry(of.scene, of.current, sent)
        // A new captcha may have been taken meanwhile: it stays.
        return of.current.captcha?.number === number ? { current } : {}
      })
    },
    async logIn(asked) {
      const of = act
      if (of.logins !== undefined) throw new Refusal('logins are under way already')
      of.logins = { done: 0, asked }
      const done = (login: number) => {
        of.logins = { done: login, asked }
      }
      await logIn(of.scene, { count: asked, paceMs: options.paceMs, done })
      of.logins = undefined
      changed()
    },
    replay() {
      const of = act
      return tell(of, 'cheat', async () => ({ cheat: await replay(of.scene, replayable(of)) }))
    },
    race() {
      const of = act
      return tell(of, 'cheat', async () => ({ cheat: await raceTwo(of.scene) }))
    },
    kill(worker) {
      const of = act
      const soFar = (kill: Story) => {
        Object.assign(of, { kill, latest: 'kill' })
        changed()
      }
      return tell(of, 'kill', async () => ({ kill: await killWorker(of.scene, worker, soFar) }))
    },
    switchTo,
    async [Symbol.asyncDispose]() {
      listeners.clear()
      await look
      await company[Symbol.asyncDispose]()
    },
  }
}

interface Company extends AsyncDisposable {
  /** @throws ServerError when its server does not start */
  open(entrant: Entrant): Promise<Act>
}

/** One server for each strategy that was asked for, kept until the end: what was tried on it stays comparable. */
function openCompany(
  { services, workers, ttlMs, secret, random }: SessionOptions,
  changed: () => void,
): Company {
  const acts = new Map<string, Promise<Act>>()

  async function openAct(entrant: Entrant): Promise<Act> {
    const engines = await services.shared(entrant.engines ?? [])
    const scene = await openScene({ entrant, workers, ttlMs, secret, engines, random, changed })
    try {
      const current = await beginTry(scene)
      return { scene, current, cheat: undefined, kill: undefined, latest: 'try', logins: undefined }
    } catch (error) {
      await scene[Symbol.asyncDispose]()
      throw error
    }
  }

  return {
    open(entrant) {
      const opened = acts.get(entrant.name) ?? openAct(entrant)
      acts.set(entrant.name, opened)
      opened.catch(() => acts.delete(entrant.name))
      return opened
    },
    async [Symbol.asyncDispose]() {
      const ends = await Promise.allSettled(acts.values())
      await Promise.all(
        ends.map((end) => (end.status === 'fulfilled' ? end.value.scene[Symbol.asyncDispose]() : undefined)),
      )
    },
  }
}

/** The person's own, once it was accepted and while it has not expired. */
function replayable({ scene, current }: Act) {
  const captcha = scene.ledger.find(current.captcha?.number ?? 0)
  return captcha?.accepted === true && captcha.expiresAtMs > performance.now() ? captcha : undefined
}
