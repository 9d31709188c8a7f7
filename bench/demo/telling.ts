import type { WorkerProcess } from '../../src/primary.js'
import type { Result } from '../history.js'
import type { Entrant } from '../roster.js'
import type { Fate } from './ledger.js'

/** What happened, in the words of the note: *Time 0: worker 2 issued …, Time 1: worker 4 answered: unknown*. Pure. */

export interface Step {
  /** Steps of the same time happened together. */
  readonly time: number
  /** Since the story began, ms. */
  readonly afterMs: number
  /** One, mostly. */
  readonly workers: readonly WorkerProcess[]
  /** Follows their names. */
  readonly what: string
  /** The word the server answered with. */
  readonly result?: Result
}

export interface Story {
  readonly steps: readonly Step[]
  /** What to make of it. */
  readonly moral: string
  /** Whether the server did what a visitor may expect of it. */
  readonly mood: 'good' | 'bad' | 'neutral'
}

export type Ending = Omit<Story, 'steps'>

export type Setting = Pick<Entrant, 'name' | 'claims' | 'exhibit'>

/** Workers have numbers from 0, and people count from 1, as the note does. */
export function nameOf({ id }: Pick<WorkerProcess, 'id'>): string {
  return `worker ${id + 1}`
}

export function issuedText(number: number): string {
  return `issued captcha ${number}`
}

/** Who could answer for a captcha that has just been issued. */
export function openingOfTry({ name, claims }: Setting, issuer: WorkerProcess): Ending {
  const moral =
    claims.scope === 'process'
      ? `${sentence(nameOf(issuer))} alone holds it. Who will be asked?`
      : `Any worker can be asked: they all go by ${name}.`
  return { moral, mood: 'neutral' }
}

export function failedIssue(result: Result, reason?: string): Ending {
  return {
    moral: `No captcha was issued: the answer was ${spoken(result)}${reason === undefined ? '' : ` (${reason})`}.`,
    mood: 'bad',
  }
}

export interface Attempt {
  readonly number: number
  readonly issuer: WorkerProcess
  readonly verifier: WorkerProcess
  /** Before it was asked for. */
  readonly fate: Fate
  readonly accepted: boolean
  readonly workers: number
}

/** What to make of the answer to a person's own try. */
export function endingOfTry(setting: Setting, attempt: Attempt, result: Result): Ending {
  if (result === 'accepted') return endingOfAccepted(setting, attempt)
  if (result === 'unknown') return endingOfUnknown(setting, attempt)
  if (result === 'wrong')
    return {
      moral: setting.claims.singleUse
        ? 'Wrong, and used up: a captcha is taken before the answer is compared, so there is no second guess.'
        : 'Wrong. It can be guessed again: nobody remembers that it was used.',
      mood: 'neutral',
    }
  if (result === 'unavailable')
    return { moral: 'The store did not do its part (503). Nothing was accepted.', mood: 'bad' }
  return { moral: `The answer was ${spoken(result)}: nobody knows what became of it.`, mood: 'bad' }
}

function endingOfAccepted({ name, claims }: Setting, attempt: Attempt): Ending {
  const { number, issuer, verifier, workers } = attempt
  if (attempt.accepted)
    return { moral: `Captcha ${number} was accepted once more: it can be replayed.`, mood: 'bad' }
  if (claims.scope !== 'process')
    return {
      moral:
        issuer.id === verifier.id
          ? `Accepted, by the worker that had issued it. Any other of the ${workers} could have, too.`
          : `Accepted: ${nameOf(verifier)} did not issue it, and ${name} knows it all the same.`,
      mood: 'good',
    }
  return {
    moral: `Accepted, by luck or by a sticky route: of ${workers} workers only ${nameOf(issuer)} knows captcha ${number}.`,
    mood: 'good',
  }
}

function endingOfUnknown({ name, claims, exhibit }: Setting, attempt: Attempt): Ending {
  const { number, issuer, verifier, fate } = attempt
  if (fate === 'taken')
    return { moral: `Captcha ${number} has been used: unknown is the right answer.`, mood: 'good' }
  if (fate === 'expired')
    return { moral: `Captcha ${number} had expired: unknown is the right answer.`, mood: 'neutral' }
  if (fate === 'lost')
    return {
      moral: `Captcha ${number} died with ${nameOf(issuer)} (pid ${issuer.pid}): nobody else had it.`,
      mood: 'bad',
    }
  if (claims.scope === 'process' && issuer.id !== verifier.id)
    return {
      moral: `${sentence(nameOf(issuer))} keeps captcha ${number} in its own memory. ${sentence(nameOf(verifier))} has never heard of it.`,
      mood: 'bad',
    }
  const why = exhibit === undefined ? '' : ` ${exhibit}`
  const claim = claims.scope === 'process' ? 'a worker knows its own' : 'all workers share it'
  return { moral: `Unknown, although ${name} claims that ${claim}.${why}`, mood: 'bad' }
}

/** What to make of an accepted captcha that another worker was then given. */
export function endingOfReplay(
  { claims, exhibit }: Setting,
  verifier: WorkerProcess,
  result: Result,
): Ending {
  if (result === 'accepted')
    return { moral: `Accepted twice.${exhibit === undefined ? '' : ` ${exhibit}`}`, mood: 'bad' }
  if (result !== 'unknown') return { moral: `The replay's answer was ${spoken(result)}.`, mood: 'bad' }
  return claims.scope === 'process'
    ? { moral: `Not accepted again, but only because ${nameOf(verifier)} never knew it.`, mood: 'good' }
    : { moral: 'Accepted once and never again: that is single use.', mood: 'good' }
}

/** What to make of one captcha that several workers were given at once. */
export function endingOfRace({ exhibit }: Setting, results: readonly Result[]): Ending {
  const accepted = results.filter((result) => result === 'accepted').length
  const other = results.find((result) => result !== 'accepted' && result !== 'unknown')
  if (accepted === 1 && other !== undefined)
    return { moral: `One of the two was accepted, the other's answer was ${spoken(other)}.`, mood: 'neutral' }
  if (accepted === 1)
    return { moral: 'One of the two was accepted, the other was not: that is single use.', mood: 'good' }
  const why = exhibit === undefined ? '' : ` ${exhibit}`
  return accepted === 0
    ? { moral: `Nobody accepted the right answer.${why}`, mood: 'bad' }
    : { moral: `Both were accepted: one captcha let two in.${why}`, mood: 'bad' }
}

export interface Death {
  readonly victim: WorkerProcess
  /** Captchas that only it had. */
  readonly lost: number
  readonly survivors: number
  readonly replacement: WorkerProcess | undefined
  readonly tookMs: number
}

/** What to make of a worker that was killed. */
export function endingOfKill({ claims }: Setting, death: Death): Ending {
  const { victim, lost, survivors, replacement, tookMs } = death
  const others = survivors === 1 ? 'The other worker answers' : `The ${survivors} others answer`
  const back =
    replacement === undefined
      ? `${nameOf(victim)} is not back yet`
      : `${nameOf(victim)} is back as pid ${replacement.pid} after ${(tookMs / 1_000).toFixed(1)} s`
  const cost =
    claims.scope !== 'process'
      ? 'no captcha was in it alone'
      : lost === 0
        ? 'it held no captcha'
        : `${lost} ${lost === 1 ? 'captcha' : 'captchas'} died with it`
  return {
    moral: `${others}; ${back}; ${cost}.`,
    mood: replacement === undefined ? 'neutral' : lost > 0 ? 'bad' : 'good',
  }
}

function spoken(result: Result): string {
  return result === 'none' ? 'none' : `“${result}”`
}

function sentence(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
