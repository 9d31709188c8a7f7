import { normaliseAnswer } from '../../src/captcha.js'
import type { FaultKind, History, Op } from '../history.js'
import { covers, type Reach } from './rungs.js'

/**
 * What the checkers share: when a captcha certainly lives, what may have taken it, and which faults excuse a store for
 * missing it. Every doubt is decided for the store, so that a sound one is never convicted.
 */

/** Timers round, and a worker's wall clock and the harness's clock drift apart by a little. */
export const slackMs = 50

/** One captcha that was acknowledged under an id of its own. */
export interface Captcha {
  readonly id: string
  readonly issue: Op
  /** Reads and takes of it, in the order of invocation. */
  readonly ops: readonly Op[]
  /** Those takes that took it or may have. */
  readonly takers: readonly Op[]
  /** What has completed before it met a captcha whose time was not over. */
  readonly aliveUntilMs: number
  /** What is invoked after it meets a captcha whose time is over. */
  readonly overFromMs: number
}

export interface Lives {
  readonly captchas: readonly Captcha[]
  readonly byId: ReadonlyMap<string, Captcha>
  /** Acknowledged issues that share their id. Nobody can tell their captchas apart, so no other check judges them. */
  readonly repeated: readonly (readonly Op[])[]
  /** Reads and takes of ids that no issue brought. */
  readonly strangers: readonly Op[]
}

/** Kept, because every checker asks for the same grouping of up to half a million ops. */
const known = new WeakMap<History, Lives>()

/** Groups the ops by captcha, in time proportional to their number. */
export function livesOf(history: History): Lives {
  const lives = known.get(history) ?? groupOps(history)
  known.set(history, lives)
  return lives
}

function groupOps({ site, ops, faults }: History): Lives {
  const brought = new Set<string>()
  const issues = new Map<string, Op[]>()
  const asked = new Map<string, Op[]>()
  for (const op of ops) {
    if (op.id === undefined) continue
    if (op.verb === 'issue') brought.add(op.id)
    if (op.verb !== 'issue') append(asked, op.id, op)
    else if (isIssued(op)) append(issues, op.id, op)
  }
  const marginMs = slackMs + skewMs(faults)
  const captchas = [...issues].flatMap(([id, [issue, ...others]]) =>
    issue === undefined || others.length > 0
      ? []
      : [toCaptcha(id, issue, asked.get(id) ?? [], site.ttlMs, marginMs)],
  )
  return {
    captchas,
    byId: new Map(captchas.map((captcha) => [captcha.id, captcha])),
    repeated: [...issues.values()].filter(({ length }) => length > 1),
    strangers: [...asked].flatMap(([id, group]) => (brought.has(id) ? [] : group)),
  }
}

function append(groups: Map<string, Op[]>, id: string, op: Op): void {
  const group = groups.get(id)
  if (group === undefined) groups.set(id, [op])
  else group.push(op)
}

function isIssued({ outcome, result }: Op): boolean {
  return outcome === 'ok' && result === 'issued'
}

/** A life begins somewhere between the invocation and the completion of its issue. */
function toCaptcha(id: string, issue: Op, ops: readonly Op[], ttlMs: number, marginMs: number): Captcha {
  return {
    id,
    issue,
    ops,
    takers: ops.filter(mayHaveTaken),
    aliveUntilMs: issue.startMs + ttlMs - marginMs,
    overFromMs: issue.endMs + ttlMs + marginMs,
  }
}

/** How far apart the wall clocks of two workers can have been, one that issued and one that looked. */
function skewMs(faults: History['faults']): number {
  const skews = faults.flatMap(({ of, skewMs: skew = Number.POSITIVE_INFINITY }) =>
    of === 'clock' ? [skew] : [],
  )
  return Math.max(0, ...skews) - Math.min(0, ...skews)
}

/**
 * `unknown` says that the store gave nothing away (law 3), so it never excuses another answer. A 503 does: what a take
 * that threw has done is not known.
 */
function mayHaveTaken({ verb, result, outcome }: Op): boolean {
  if (verb !== 'take' || result === 'unknown' || result === 'refused') return false
  return !(outcome === 'fail' && result === 'none')
}

const decisive: ReadonlySet<string> = new Set(['found', 'accepted', 'wrong', 'unknown'])

/** Whether the answer says what the store knew. */
export function isDecisive({ result, outcome }: Op): boolean {
  return outcome !== 'info' && decisive.has(result)
}

/** Whether this answer took the captcha. */
export function isConsumed({ result, outcome }: Op): boolean {
  return outcome !== 'info' && (result === 'accepted' || result === 'wrong')
}

/** Compares as the app does; `undefined` when the history does not tell. */
export function isRight({ issue }: Captcha, { answer }: Op): boolean | undefined {
  if (issue.answer === undefined || answer === undefined) return undefined
  return normaliseAnswer(issue.answer) === normaliseAnswer(answer)
}

export function isInScope({ issue }: Captcha, { worker }: Op, reach: Reach): boolean {
  return reach.spans(issue.worker, worker)
}

/** The captcha was acknowledged before the op, and its time was not over after it. */
export function isInLife({ issue, aliveUntilMs }: Captcha, { startMs, endMs }: Op): boolean {
  return startMs >= issue.endMs && endMs < aliveUntilMs
}

/** Another take, by whichever worker, began before this op was answered: the captcha may be gone, rightly. */
export function mayBeTaken({ takers: [first, second] }: Captcha, op: Op): boolean {
  const other = first === op ? second : first
  return other !== undefined && other.startMs < op.endMs
}

/** Durations between which a fault is looked for; `untilMs` may be `Infinity`. */
export type Disturbed = (fromMs: number, untilMs: number) => boolean

/** What another check judges: fail-closed the media and engines, expiry the clocks. */
const judgedElsewhere: readonly FaultKind[] = ['medium', 'engine', 'clock']

/** Whether in that time struck a fault that the claims do not cover, or one of these kinds. */
export function disturbances(
  { site, faults }: History,
  kinds: readonly FaultKind[] = judgedElsewhere,
): Disturbed {
  const excusing = faults.filter(
    ({ of, loses }) => kinds.includes(of) || !covers(site.claims.survives, loses),
  )
  return (fromMs, untilMs) => excusing.some(({ startMs, healMs }) => startMs <= untilMs && healMs >= fromMs)
}

/** Whether no sound store could have missed the captcha in this op: the op is an attempt. */
export type Findable = (captcha: Captcha, op: Op) => boolean

/** @param disturbed what excuses a store, between the issue and the end of the op */
export function findableWithin(reach: Reach, disturbed: Disturbed): Findable {
  return (captcha, op) =>
    isDecisive(op) &&
    isInScope(captcha, op, reach) &&
    isInLife(captcha, op) &&
    !mayBeTaken(captcha, op) &&
    !disturbed(captcha.issue.startMs, op.endMs)
}

/** An op and the captcha it is about. */
export interface Look {
  readonly captcha: Captcha
  readonly op: Op
}

/** The reads and takes of a history that fit, captcha by captcha. */
export function looksOf(history: History, fits: Findable): readonly Look[] {
  return livesOf(history).captchas.flatMap((captcha) =>
    captcha.ops.filter((op) => fits(captcha, op)).map((op) => ({ captcha, op })),
  )
}

/** The store did not know the captcha, or gave another one's answer. */
export function isMissed({ captcha, op }: Look): boolean {
  return op.result === 'unknown' || (op.result === 'wrong' && isRight(captcha, op) === true)
}
