import type { WorkerProcess } from '../../src/primary.js'
import type { Claims } from '../../src/strategy.js'
import type { Entrant } from '../roster.js'
import { median } from '../statistics.js'
import type { Fate, Holding } from './ledger.js'
import type { Act } from './session.js'
import { type Counts, expectedRate } from './tally.js'
import type { Story } from './telling.js'

/** All the page is told, as JSON. No answer and no id is in it. */
export interface State {
  readonly strategy: {
    readonly name: string
    readonly summary: string
    readonly exhibit?: string
    readonly claims: Claims
  }
  readonly strategies: readonly Choice[]
  /** Whether it is still being found out which strategies can run here. */
  readonly looking: boolean
  readonly starting?: string
  readonly failed?: { readonly name: string; readonly reason: string }
  readonly workers: readonly WorkerView[]
  /** Absent where each worker has its own. */
  readonly shared?: Holding
  readonly captcha?: {
    readonly number: number
    readonly issuer: WorkerProcess
    readonly hasPicture: boolean
    readonly accepted: boolean
    readonly fate: Fate
    /** Milliseconds since 1970. */
    readonly expiresAt: number
  }
  readonly stories: { readonly try: Story; readonly cheat?: Story; readonly kill?: Story }
  readonly latest: Act['latest']
  readonly tally: {
    readonly same: Counts
    readonly cross: Counts
    readonly unissued: number
    /** Share of right answers that the claim leads to expect to be refused. */
    readonly expected: number
    readonly write: Latency
    readonly take: Latency
  }
  readonly logins?: { readonly done: number; readonly asked: number }
}

export interface Choice {
  readonly name: string
  readonly exhibit: boolean
  readonly skipped?: string
}

export interface WorkerView extends WorkerProcess {
  readonly running: boolean
  /** Absent where all share one store. */
  readonly holds?: Holding
}

/** As the store's own clock had it, µs. */
export interface Latency {
  readonly medianUs?: number
  readonly recentUs: readonly number[]
}

export interface House {
  readonly entrants: readonly Entrant[]
  readonly looking: boolean
  readonly starting: string | undefined
  readonly failed: { readonly name: string; readonly reason: string } | undefined
}

export function stateOf(act: Act, { entrants, looking, starting, failed }: House): State {
  const { entrant, ledger } = act.scene
  const { name, summary, exhibit, claims } = entrant
  return {
    strategy: { name, summary, claims, ...(exhibit !== undefined && { exhibit }) },
    strategies: entrants.map(choiceOf),
    looking,
    ...(starting !== undefined && { starting }),
    ...(failed !== undefined && { failed }),
    workers: workersOf(act),
    ...(claims.scope !== 'process' && { shared: ledger.shared() }),
    ...captchaOf(act),
    stories: {
      try: act.current.story,
      ...(act.cheat && { cheat: act.cheat }),
      ...(act.kill && { kill: act.kill }),
    },
    latest: act.latest,
    tally: tallyOf(act),
    ...(act.logins && { logins: act.logins }),
  }
}

function choiceOf({ name, exhibit, skipped }: Entrant): Choice {
  return {
    name,
    exhibit: exhibit !== undefined,
    ...(skipped !== undefined && { skipped }),
  }
}

function workersOf({ scene }: Act): readonly WorkerView[] {
  const running = new Set(scene.running().map(({ pid }) => pid))
  const own = scene.entrant.claims.scope === 'process'
  return scene.server.workers
    .map(({ id, pid }) => ({
      id,
      pid,
      running: running.has(pid),
      ...(own && { holds: scene.ledger.heldBy(pid) }),
    }))
    .toSorted((a, b) => a.id - b.id)
}

function captchaOf({ scene, current }: Act): Pick<State, 'captcha'> {
  const captcha = current.captcha && scene.ledger.find(current.captcha.number)
  if (captcha === undefined) return {}
  const { number, issuer, picture, accepted, expiresAt } = captcha
  return {
    captcha: {
      number,
      issuer,
      hasPicture: picture !== '',
      accepted,
      fate: scene.ledger.fateOf(captcha),
      expiresAt,
    },
  }
}

function tallyOf({ scene }: Act): State['tally'] {
  const { same, cross, unissued, expectedFailures, writesUs, takesUs } = scene.tally
  const attempts = same.attempts + cross.attempts
  return {
    same,
    cross,
    unissued,
    expected:
      attempts > 0
        ? expectedFailures / attempts
        : expectedRate(scene.entrant.claims, scene.server.workers.length),
    write: latencyOf(writesUs),
    take: latencyOf(takesUs),
  }
}

function latencyOf(recentUs: readonly number[]): Latency {
  return recentUs.length === 0 ? { recentUs } : { recentUs, medianUs: median(recentUs) }
}
