import type { History } from '../history.js'
import {
  disturbances,
  type Findable,
  findableWithin,
  isDecisive,
  isMissed,
  type Look,
  looksOf,
} from './captcha-lives.js'
import type { Checker } from './check.js'
import { reachOf } from './rungs.js'
import { count, missed, ms, several, short, tellAnswer } from './telling.js'
import { toCheck, type Violation } from './verdict.js'

/**
 * A captcha lives as long as it was told to: nothing but `unknown` after its end, from whichever worker, and in the later
 * half of its life no `unknown` yet. A fault of a clock is no excuse here: lives are judged with bounds as wide as it is off.
 */
export const expiry: Checker = (history, scope = history.site.claims.scope) => {
  const { ttlMs } = history.site
  const reach = reachOf(history.site, scope)
  const isFindable = findableWithin(reach, disturbances(history, ['medium', 'engine']))
  const isLate: Findable = (captcha, op) =>
    op.endMs > captcha.issue.startMs + ttlMs / 2 && isFindable(captcha, op)
  const late = looksOf(history, isLate)
  const after = looksOf(history, (captcha, op) => isDecisive(op) && op.startMs > captcha.overFromMs)
  return toCheck(history, {
    name: 'expiry',
    attempts: after.length + late.length,
    violations: [
      ...after.filter(({ op }) => op.result !== 'unknown').map((look) => outlived(history, look)),
      ...late.filter(isMissed).map((look) => missed(history, look)),
    ],
    gap: gapOf(after.length, late.length),
    remarks: [
      `${several(late.length, 'look')} late in life and ${count(after.length)} after its end, at ${ms(ttlMs)}`,
    ],
  })
}

function outlived({ site }: History, { captcha, op }: Look): Violation {
  const { issue, id } = captcha
  return {
    ops: [issue, op],
    tell: () =>
      `${tellAnswer(op)} of ${short(id)} ${ms(op.startMs - issue.endMs - site.ttlMs)} after its end`,
  }
}

function gapOf(after: number, late: number): string | undefined {
  if (after === 0) return 'no captcha was looked at after its end'
  return late === 0 ? 'no captcha was looked at late in its life' : undefined
}
