import type { Captcha } from './captcha-lives.js'
import { disturbances, findableWithin, isConsumed, isMissed, livesOf, looksOf } from './captcha-lives.js'
import type { Checker } from './check.js'
import { byAnother, reachOf } from './rungs.js'
import { count, missed, several } from './telling.js'
import { toCheck } from './verdict.js'

/** Issued means findable: from its acknowledgement to its end every worker of the scope knows a captcha nobody took. */
export const visibility: Checker = (history, scope = history.site.claims.scope) => {
  const reach = reachOf(history.site, scope)
  const looks = looksOf(history, findableWithin(reach, disturbances(history)))
  const crossed = looks.filter(({ captcha, op }) => op.worker !== captcha.issue.worker).length
  const stale = livesOf(history).captchas.reduce((sum, captcha) => sum + staleReads(captcha), 0)
  const isExercised = looks.some(({ captcha, op }) => reach.tries(captcha.issue.worker, op.worker))
  return toCheck(history, {
    name: 'visibility',
    attempts: looks.length,
    violations: looks.filter(isMissed).map((look) => missed(history, look)),
    gap: isExercised ? undefined : `no live captcha was looked at${byAnother(reach)}`,
    remarks: [
      looks.length > 0
        ? `${several(looks.length, 'look')} at live captchas, ${count(crossed)} by another worker`
        : undefined,
      stale > 0 ? `${several(stale, 'stale read')} after a take, which the contract allows` : undefined,
    ],
  })
}

/** Reads that found it although a take had been acknowledged before they were sent. */
function staleReads({ ops, takers }: Captcha): number {
  const takenMs = takers
    .filter(isConsumed)
    .reduce((earliest, { endMs }) => Math.min(earliest, endMs), Number.POSITIVE_INFINITY)
  return ops.filter(({ result, startMs }) => result === 'found' && startMs >= takenMs).length
}
