import type { Op } from '../history.js'
import {
  type Captcha,
  type Disturbed,
  disturbances,
  isDecisive,
  isInScope,
  isRight,
  livesOf,
} from './captcha-lives.js'
import type { Checker } from './check.js'
import { byTwo, type Reach, reachOf } from './rungs.js'
import { count, ms, setting, several, short } from './telling.js'
import { toCheck, type Violation } from './verdict.js'

/** One winner: of all takes of a captcha at most one is accepted, whatever crashes in between that the claims cover. */
export const singleUse: Checker = (history, scope = history.site.claims.scope) => {
  const reach = reachOf(history.site, scope)
  const lost = disturbances(history, [])
  const violations: Violation[] = []
  let attempts = 0
  let races = 0
  for (const captcha of livesOf(history).captchas) {
    const takes = rightTakes(captcha, reach)
    if (takes.length < 2) continue
    attempts += 1
    if (isRace(takes, reach)) races += 1
    const twice = acceptedTwice(takes, lost)
    if (twice === undefined) continue
    const [first, second] = twice
    violations.push({
      ops: twice,
      tell: () =>
        `worker ${first.worker} accepted ${short(captcha.id)}; ${sentLater(first, second)} worker ${second.worker} accepted it again${setting(history, second)}`,
    })
  }
  return toCheck(history, {
    name: 'single-use',
    attempts,
    violations,
    gap: races === 0 ? `no captcha was raced for${byTwo(reach)}` : undefined,
    remarks: [`${several(attempts, 'captcha')} tried more than once, ${count(races)} of them in a race`],
  })
}

/** An accepted take counts whatever its guess: that the guess was wrong is for no-phantoms to say. */
function rightTakes(captcha: Captcha, reach: Reach): readonly Op[] {
  return captcha.ops.filter(
    (op) =>
      op.verb === 'take' &&
      isInScope(captcha, op, reach) &&
      (op.result === 'accepted' || isRight(captcha, op) === true),
  )
}

/** @returns two accepted takes between which no loss was to be expected */
export function acceptedTwice(
  takes: readonly Op[],
  lost: Disturbed,
): readonly [first: Op, second: Op] | undefined {
  const accepted = takes.filter(({ result }) => result === 'accepted')
  for (const [index, second] of accepted.entries()) {
    const first = accepted[index - 1]
    if (first !== undefined && !lost(first.startMs, second.endMs)) return [first, second]
  }
  return undefined
}

/** Whether two answered takes were under way at the same time, in workers as far apart as the scope goes. */
function isRace(takes: readonly Op[], reach: Reach): boolean {
  const answered = takes.filter(isDecisive)
  return answered.some((take, index) => {
    for (const other of answered.slice(index + 1)) {
      if (other.startMs > take.endMs) return false
      if (reach.tries(take.worker, other.worker)) return true
    }
    return false
  })
}

function sentLater(first: Op, second: Op): string {
  return `to a take sent ${ms(second.startMs - first.startMs)} later`
}
