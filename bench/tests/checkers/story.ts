import { expect } from 'vitest'
import type { Claims, Scope } from '../../../src/strategy.js'
import type { Check, CheckName } from '../../checkers/check.js'
import { checkers } from '../../checkers/index.js'
import {
  type FaultKind,
  type FaultLine,
  type History,
  type HistoryLine,
  type IntegrityLine,
  type Loss,
  type Outcome,
  type Result,
  type Site,
  type SyncLine,
  toHistory,
  type VolumeLine,
} from '../../history.js'

/** Histories written by hand: a story is a list of scenes, told in any order. */

/** One moment, for what takes a millisecond from there; or from when to when. */
export type When = number | readonly [startMs: number, endMs: number]

/** Makes the lines of one thing that happens; `op` numbers it. */
export type Scene = (op: number) => readonly HistoryLine[]

/** Every answer holds it, so that a test can see whether one has leaked into the evidence. */
const secret = 'SECRET'

export function answerOf(id: string): string {
  return `${secret} ${id}`
}

/** A captcha that worker handed out; its answer is `answerOf(id)`. */
export function issue(worker: number, when: When, id: string): Scene {
  return exchange(worker, when, { verb: 'issue' }, { result: 'issued', id, answer: answerOf(id) })
}

/** An issue that brought none. */
export function issueInVain(worker: number, when: When, result: Result): Scene {
  return exchange(worker, when, { verb: 'issue' }, { result })
}

export function read(worker: number, when: When, id: string, result: Result): Scene {
  return exchange(worker, when, { verb: 'read', id }, { result })
}

/** A take with the right answer; `guess` makes it another one. */
export function take(worker: number, when: When, id: string, result: Result, guess = answerOf(id)): Scene {
  return exchange(worker, when, { verb: 'take', id, answer: guess }, { result })
}

/** A take with a wrong answer. */
export function misguess(worker: number, when: When, id: string, result: Result): Scene {
  return take(worker, when, id, result, `${secret} of nobody`)
}

/** A take whose completion the record does not have. */
export function pendingTake(worker: number, atMs: number, id: string): Scene {
  return (op) => take(worker, atMs, id, 'none')(op).slice(0, 1)
}

/** A take that never left the client: no connection. */
export function unsentTake(worker: number, atMs: number, id: string): Scene {
  return (op) => [
    ...pendingTake(worker, atMs, id)(op),
    { kind: 'fail', op, atMs, result: 'none', reason: 'no connection' },
  ]
}

interface Asked {
  readonly verb: 'issue' | 'read' | 'take'
  readonly id?: string
  readonly answer?: string
}

interface Told {
  readonly result: Result
  readonly id?: string
  readonly answer?: string
}

function exchange(worker: number, when: When, asked: Asked, told: Told): Scene {
  const [startMs, endMs] = typeof when === 'number' ? [when, when + 1] : when
  const reason = told.result === 'none' ? { reason: 'time-out' } : { worker, instance: 'i' }
  return (op) => [
    { kind: 'invoke', op, atMs: startMs, client: worker, worker, ...asked },
    { kind: outcomeOf(told.result), op, atMs: endMs, ...told, ...reason },
  ]
}

function outcomeOf(result: Result): Outcome {
  if (result === 'refused') return 'fail'
  return ['none', 'unavailable', 'unexpected'].includes(result) ? 'info' : 'ok'
}

/** `healMs` of `Infinity`: it was never healed. */
export function fault(
  of: FaultKind,
  [startMs, healMs]: readonly [number, number],
  more: Partial<FaultLine> & { readonly loses?: Loss } = {},
): Scene {
  const line = { kind: 'fault' as const, fault: `a-${of}`, of, loses: 'nothing' as const, ...more }
  const heal = { ...line, phase: 'heal' as const, atMs: healMs }
  return () => [
    { ...line, phase: 'start', atMs: startMs },
    ...(healMs < Number.POSITIVE_INFINITY ? [heal] : []),
  ]
}

export function missedFault(of: FaultKind, more: Partial<FaultLine> = {}): Scene {
  return () => [
    {
      kind: 'fault',
      fault: `a-${of}`,
      of,
      phase: 'missed',
      atMs: 0,
      loses: 'restart',
      reason: 'no tool',
      ...more,
    },
  ]
}

export function integrityLine(sound: boolean, more: Partial<IntegrityLine> = {}): Scene {
  return () => [{ kind: 'integrity', atMs: 0, underLoad: true, what: 'a.sqlite', sound, ...more }]
}

export function volume(when: VolumeLine['when'], atMs: number, more: Partial<VolumeLine> = {}): Scene {
  return () => [{ kind: 'volume', when, atMs, files: 1, bytes: 0, captchas: 0, ...more }]
}

export function sync(verb: SyncLine['verb'], tookMs: number): Scene {
  return () => [{ kind: 'sync', atMs: 0, verb, delayMs: 100, tookMs }]
}

export function gap(reason: string, ...checks: readonly CheckName[]): Scene {
  return () => [{ kind: 'gap', atMs: 0, checks, reason }]
}

type SiteWishes = Partial<Pick<Site, 'ttlMs' | 'workers' | 'topology' | 'hosts'>> & Partial<Claims>

/** Lives last a second; the claims are the widest that one host can keep short of losing power. */
export function story(wishes: SiteWishes, ...scenes: readonly Scene[]): History {
  const { ttlMs = 1_000, workers = 4, topology, hosts, ...claims } = wishes
  const site: Site = {
    kind: 'site',
    strategy: 'a',
    name: 'ordinary',
    claims: { scope: 'host', singleUse: true, survives: 'restart', ...claims },
    workers,
    ...(topology && { topology }),
    ...(hosts !== undefined && { hosts }),
    ttlMs,
    seed: 1,
  }
  const lines = scenes.flatMap((scene, op) => scene(op))
  return toHistory([site, ...lines.toSorted((a, b) => timeOf(a) - timeOf(b))])
}

function timeOf(line: HistoryLine): number {
  return line.kind === 'site' ? 0 : line.atMs
}

/** The check, once nothing in it gives an answer away, shows a whole id, or does not add up. */
export function judge(name: CheckName, history: History, scope?: Scope): Check {
  const check = checkers[name](history, scope)
  expect(check.name).toBe(name)
  expect(check.evidence.length).toBeLessThanOrEqual(5)
  for (const sentence of check.evidence) expect(sentence).not.toMatch(/SECRET|captcha-number/)
  expect(check.violations > 0).toBe(check.verdict === 'invalid')
  expect(check.violations).toBeLessThanOrEqual(check.attempts)
  if (check.verdict === 'unknown') expect(check.evidence).not.toEqual([])
  return check
}
