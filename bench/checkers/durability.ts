import type { Fault } from '../history.js'
import {
  type Captcha,
  disturbances,
  findableWithin,
  isDecisive,
  isInScope,
  isMissed,
  type Look,
  livesOf,
} from './captcha-lives.js'
import type { Checker } from './check.js'
import { coveredCrashes, judgedElsewhere, judgeSyncs, untestedClaim } from './crashes.js'
import { type Reach, reachOf } from './rungs.js'
import { missed, several } from './telling.js'
import { toCheck } from './verdict.js'

/** What was acknowledged before a crash the claims cover is found by the first look after it. */
export const durability: Checker = (history, scope = history.site.claims.scope) => {
  const crashes = coveredCrashes(history)
  const reach = reachOf(history.site, scope)
  const isFindable = findableWithin(reach, disturbances(history, judgedElsewhere))
  const looks = livesOf(history)
    .captchas.flatMap((captcha) => firstLooks(captcha, reach, crashes))
    .filter(({ captcha, op }) => isFindable(captcha, op))
  const syncs = judgeSyncs(history, 'issue')
  const unseen = looks.length === 0 ? 'no captcha was looked at on both sides of a crash' : undefined
  return toCheck(history, {
    name: 'durability',
    attempts: looks.length + syncs.attempts,
    violations: [...looks.filter(isMissed).map((look) => missed(history, look)), ...syncs.violations],
    gap: untestedClaim(history) ?? unseen ?? syncs.gap,
    remarks: [
      looks.length > 0
        ? `${several(looks.length, 'captcha')} looked at after a crash they had to outlive`
        : undefined,
      syncs.remark,
    ],
  })
}

/** Each look once, though several crashes may lie before it. */
function firstLooks(captcha: Captcha, reach: Reach, crashes: readonly Fault[]): readonly Look[] {
  const { issue, ops } = captcha
  const outlived = crashes.filter(({ startMs }) => issue.endMs < startMs)
  const looks = outlived.flatMap(
    ({ healMs }) =>
      ops.find((op) => op.startMs >= healMs && isDecisive(op) && isInScope(captcha, op, reach)) ?? [],
  )
  return [...new Set(looks)].map((op) => ({ captcha, op }))
}
