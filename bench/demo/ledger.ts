import type { WorkerProcess } from '../../src/primary.js'
import type { Claims } from '../../src/strategy.js'

/** What the demo knows of the captchas: what it was handed and what it has taken. No store is looked into. */

export interface Captcha {
  /** As the page calls it; its id stays here. */
  readonly number: number
  readonly id: string
  readonly answer: string
  /** As it was then: a worker that replaces it has another pid. */
  readonly issuer: WorkerProcess
  /** On the harness's monotonic clock. */
  readonly issuedAtMs: number
  readonly expiresAtMs: number
  /** The same by the calendar, for people: milliseconds since 1970. */
  readonly expiresAt: number
  /** SVG; empty when there was none to be had. */
  readonly picture: string
  readonly accepted: boolean
  /** A take found it: accepted or wrong. */
  readonly taken: boolean
}

/** `lost`: its worker's memory is gone, and nobody else had it. */
export type Fate = 'open' | 'taken' | 'lost' | 'expired'

/** Numbers of captchas that can still be used, as far as the demo knows. */
export interface Holding {
  readonly count: number
  /** At most five, newest last. */
  readonly newest: readonly number[]
}

/** Captchas that cannot be used any more and are still told of, such as in a replay. */
const memory = 200

export type Ledger = ReturnType<typeof createLedger>

/** @param isRunning whether that process still runs */
export function createLedger(
  claims: Claims,
  { nowMs, isRunning }: { nowMs(): number; isRunning(pid: number): boolean },
) {
  const captchas = new Map<number, Captcha>()
  let issued = 0

  function fateOf(captcha: Captcha): Fate {
    // Without single use a take leaves it where it was.
    if (captcha.taken && claims.singleUse) return 'taken'
    if (captcha.expiresAtMs <= nowMs()) return 'expired'
    return claims.scope === 'process' && !isRunning(captcha.issuer.pid) ? 'lost' : 'open'
  }

  function open(): readonly Captcha[] {
    return [...captchas.values()].filter((captcha) => fateOf(captcha) === 'open')
  }

  function forgetOld(): void {
    const closed = [...captchas.values()].filter((captcha) => fateOf(captcha) !== 'open')
    for (const { number } of closed.slice(0, -memory)) captchas.delete(number)
  }

  return {
    fateOf,
    add(captcha: Omit<Captcha, 'number' | 'accepted' | 'taken'>): Captcha {
      issued += 1
      if (issued % memory === 0) forgetOld()
      const added = { ...captcha, number: issued, accepted: false, taken: false }
      captchas.set(issued, added)
      return added
    },
    find: (number: number) => captchas.get(number),
    took({ number }: Captcha, accepted: boolean): void {
      const captcha = captchas.get(number)
      if (captcha === undefined) return
      captchas.set(number, { ...captcha, taken: true, accepted: captcha.accepted || accepted })
    },
    /** What that worker alone has. */
    heldBy: (pid: number): Holding => holdingOf(open().filter(({ issuer }) => issuer.pid === pid)),
    /** What all workers share. */
    shared: (): Holding => holdingOf(open()),
  }
}

function holdingOf(captchas: readonly Captcha[]): Holding {
  return { count: captchas.length, newest: captchas.slice(-5).map(({ number }) => number) }
}
