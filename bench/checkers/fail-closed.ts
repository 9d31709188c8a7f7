import type { Fault, History, Op } from '../history.js'
import {
  type Captcha,
  disturbances,
  findableWithin,
  isDecisive,
  isInScope,
  isMissed,
  isRight,
  livesOf,
} from './captcha-lives.js'
import type { Checker } from './check.js'
import { type Reach, reachOf } from './rungs.js'
import { acceptedTwice } from './single-use.js'
import { count, missed, setting, several, short, tellAnswer } from './telling.js'
import { toCheck, type Violation } from './verdict.js'

/**
 * While its medium or engine fails, a store gives the right answer, says that it cannot (503), or nothing. It never makes
 * one up, and what it acknowledges meanwhile is no private copy: other workers know it too, then and afterwards.
 */
export const failClosed: Checker = (history, scope = history.site.claims.scope) => {
  const windows = history.faults.filter(({ of }) => of === 'medium' || of === 'engine')
  const witnesses = witnessesOf(history, windows)
  const felt = witnesses.filter(({ op, isWithin }) => isWithin && op.result === 'unavailable').length
  return toCheck(history, {
    name: 'fail-closed',
    attempts: witnesses.length,
    violations: witnesses.flatMap(createJudge(history, reachOf(history.site, scope))),
    gap: gapOf(windows, felt),
    remarks: [
      witnesses.length > 0
        ? `${several(witnesses.length, 'answer')}, ${count(felt)} of them 503, in ${names(windows)}`
        : undefined,
    ],
  })
}

/** An answer given while a fault lasted, or about a captcha that was acknowledged then. */
interface Witness {
  readonly op: Op
  readonly captcha: Captcha | undefined
  readonly isWithin: boolean
}

function witnessesOf(history: History, windows: readonly Fault[]): readonly Witness[] {
  const { byId } = livesOf(history)
  return history.ops.flatMap((op) => {
    if (op.result === 'none') return []
    const isWithin = isDuring(windows, op)
    const captcha = op.verb === 'issue' || op.id === undefined ? undefined : byId.get(op.id)
    if (!isWithin && (captcha === undefined || !isDuring(windows, captcha.issue))) return []
    return [{ op, captcha, isWithin }]
  })
}

/** An op that never completed is placed by its invocation: by when it failed, nobody knows. */
function isDuring(windows: readonly Fault[], { startMs, endMs }: Op): boolean {
  const untilMs = endMs < Number.POSITIVE_INFINITY ? endMs : startMs
  return windows.some((window) => startMs <= window.healMs && untilMs >= window.startMs)
}

/** The violation in a witness, if any. */
function createJudge(history: History, reach: Reach): (witness: Witness) => readonly Violation[] {
  const lost = disturbances(history, [])
  // A medium may lose what it held; that is no reason to say that there was nothing (law 3).
  const others = history.faults.filter(({ of }) => of !== 'medium')
  const isFindable = findableWithin(reach, disturbances({ ...history, faults: others }, ['clock']))
  const foreign = new Set(livesOf(history).strangers)

  // A store that may be replayed accepts again whether its medium fails or not: that is no making up.
  function isSecondWin(captcha: Captcha, op: Op): boolean {
    if (!history.site.claims.singleUse) return false
    const takes = captcha.takers.filter((take) => isInScope(captcha, take, reach))
    return acceptedTwice(takes, lost)?.[1] === op
  }

  /** What no failing medium excuses. */
  function misdeed({ op, captcha }: Witness): string | undefined {
    if (op.result === 'unexpected') return tellAnswer(op)
    const id = short(op.id ?? '')
    if (foreign.has(op) && isDecisive(op) && op.result !== 'unknown')
      return `${tellAnswer(op)} of ${id}, which nobody had issued`
    if (captcha === undefined || op.result !== 'accepted') return undefined
    if (isRight(captcha, op) === false) return `worker ${op.worker} accepted a wrong guess at ${id}`
    return isSecondWin(captcha, op) ? `worker ${op.worker} accepted ${id} a second time` : undefined
  }

  return (witness) => {
    const { op, captcha, isWithin } = witness
    const deed = isWithin ? misdeed(witness) : undefined
    if (deed !== undefined) return [{ ops: [op], tell: () => `${deed}${setting(history, op)}` }]
    if (captcha === undefined || !isFindable(captcha, op)) return []
    return isMissed({ captcha, op }) ? [missed(history, { captcha, op })] : []
  }
}

function gapOf(windows: readonly Fault[], felt: number): string | undefined {
  if (windows.length === 0) return 'no fault of a medium or an engine struck'
  return felt === 0 ? `nobody was answered 503: the store did not feel ${names(windows)}` : undefined
}

function names(windows: readonly Fault[]): string {
  return [...new Set(windows.map(({ fault }) => fault))].join(', ')
}
