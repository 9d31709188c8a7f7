import type { Op } from '../history.js'
import {
  type Captcha,
  type Disturbed,
  disturbances,
  isConsumed,
  isDecisive,
  isInScope,
  isRight,
  livesOf,
} from './captcha-lives.js'
import type { Checker } from './check.js'
import { type Reach, reachOf } from './rungs.js'
import { ms, setting, several, short, tellAnswer } from './telling.js'
import { toCheck, type Violation } from './verdict.js'

/**
 * A wrong guess burns the captcha: an answer `wrong` took it, so no other take may be answered `accepted` or `wrong`,
 * before, at the same time or after. Two accepted ones are for single-use to tell.
 */
export const oneGuess: Checker = (history, scope = history.site.claims.scope) => {
  const reach = reachOf(history.site, scope)
  const lost = disturbances(history, [])
  const violations: Violation[] = []
  let attempts = 0
  let tried = 0
  for (const captcha of livesOf(history).captchas) {
    const takes = guessedAgain(captcha, reach)
    const [earliest] = takes
    if (earliest === undefined) continue
    attempts += 1
    if (takes.some(({ worker }) => reach.tries(earliest.worker, worker))) tried += 1
    const twice = takenTwice(takes, lost)
    if (twice === undefined) continue
    const [first, second] = twice
    violations.push({
      ops: twice,
      tell: () =>
        `${tellAnswer(first)} of ${short(captcha.id)}; ${ms(second.startMs - first.startMs)} later ${tellAnswer(second)} of it${setting(history, second)}`,
    })
  }
  return toCheck(history, {
    name: 'one-guess',
    attempts,
    violations,
    gap: tried > 0 ? undefined : 'no captcha was guessed wrong and tried again in the scope',
    remarks: [attempts > 0 ? `${several(attempts, 'captcha')} guessed wrong and tried again` : undefined],
  })
}

/** The answered takes of a captcha that had several, one of them with a wrong guess; else none. */
function guessedAgain(captcha: Captcha, reach: Reach): readonly Op[] {
  const takes = captcha.ops.filter(
    (op) => op.verb === 'take' && isDecisive(op) && isInScope(captcha, op, reach),
  )
  const isGuessed = takes.some((take) => take.result === 'wrong' || isRight(captcha, take) === false)
  return isGuessed && takes.length > 1 ? takes : []
}

/** @returns two takes that both got the captcha, one of them `wrong`, with no loss to be expected between them */
function takenTwice(takes: readonly Op[], lost: Disturbed): readonly [first: Op, second: Op] | undefined {
  const consumed = takes.filter(isConsumed)
  for (const [index, second] of consumed.entries()) {
    const first = consumed[index - 1]
    if (first === undefined || lost(first.startMs, second.endMs)) continue
    if (first.result === 'wrong' || second.result === 'wrong') return [first, second]
  }
  return undefined
}
