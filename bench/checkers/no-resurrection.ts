import type { Fault, Op } from '../history.js'
import {
  type Captcha,
  disturbances,
  isConsumed,
  isDecisive,
  isInLife,
  isInScope,
  livesOf,
} from './captcha-lives.js'
import type { Checker } from './check.js'
import { coveredCrashes, judgeSyncs, untestedClaim } from './crashes.js'
import { covers, type Reach, reachOf } from './rungs.js'
import { ms, setting, several, short, tellAnswer } from './telling.js'
import { toCheck, type Violation } from './verdict.js'

/** What was taken before a crash the claims cover stays taken after it. */
export const noResurrection: Checker = (history, scope = history.site.claims.scope) => {
  const reach = reachOf(history.site, scope)
  const crashes = coveredCrashes(history)
  const lost = disturbances(history, [])
  const violations: Violation[] = []
  let attempts = 0
  for (const captcha of livesOf(history).captchas) {
    const taken = captcha.ops.find((op) => isConsumed(op) && isInScope(captcha, op, reach))
    if (taken === undefined) continue
    const retries = retriesOf(captcha, reach, crashesSince(taken, crashes)).filter(
      ({ endMs }) => !lost(taken.startMs, endMs),
    )
    if (retries.length === 0) continue
    attempts += 1
    const risen = retries.find(({ result }) => result !== 'unknown')
    if (risen === undefined) continue
    violations.push({
      ops: [taken, risen],
      tell: () =>
        `${tellAnswer(taken)} of ${short(captcha.id)}; ${ms(risen.startMs - taken.endMs)} later ${tellAnswer(risen)} of it${setting(history, risen)}`,
    })
  }
  const syncs = judgeSyncs(history, 'take')
  const unseen = attempts === 0 ? 'no taken captcha was tried again after a crash' : undefined
  return toCheck(history, {
    name: 'no-resurrection',
    attempts: attempts + syncs.attempts,
    violations: [...violations, ...syncs.violations],
    gap: untestedClaim(history) ?? unseen ?? syncs.gap,
    remarks: [
      attempts > 0 ? `${several(attempts, 'taken captcha')} tried again after a crash` : undefined,
      syncs.remark,
    ],
  })
}

function crashesSince({ endMs }: Op, crashes: readonly Fault[]): readonly Fault[] {
  return crashes.filter(({ startMs }) => endMs < startMs)
}

/**
 * Answered after a heal and within the life: later it would be gone anyway. The contract lets a read be stale after a take
 * by another worker, so one worker's crash, or the engine's, proves nothing against the memory of those that lived on: a read
 * counts once every process has been another one.
 */
function retriesOf(captcha: Captcha, reach: Reach, crashes: readonly Fault[]): readonly Op[] {
  const restarts = crashes.filter(
    ({ of, loses, workers }) => of === 'crash' && workers === undefined && covers(loses, 'restart'),
  )
  const isAfter = (faults: readonly Fault[], op: Op) => faults.some(({ healMs }) => healMs <= op.startMs)
  return captcha.ops.filter(
    (op) =>
      isDecisive(op) &&
      isInLife(captcha, op) &&
      isInScope(captcha, op, reach) &&
      isAfter(op.verb === 'take' ? crashes : restarts, op),
  )
}
