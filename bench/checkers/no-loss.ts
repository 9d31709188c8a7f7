import {
  type Captcha,
  type Disturbed,
  disturbances,
  findableWithin,
  isConsumed,
  isDecisive,
  isInScope,
  type Look,
  livesOf,
} from './captcha-lives.js'
import type { Checker } from './check.js'
import { type Reach, reachOf } from './rungs.js'
import { count, missed } from './telling.js'
import { toCheck } from './verdict.js'

/** Where an issued captcha went, in the order of the account. */
const fates = [
  'accepted',
  'burnt',
  'still there',
  'lost',
  'in doubt',
  'excused by a fault',
  'expired',
  'never looked at',
] as const
type Fate = (typeof fates)[number]

/** Only these say that a store kept or lost what it had acknowledged. */
const telling: readonly Fate[] = ['accepted', 'burnt', 'still there', 'lost']

/** At the end every acknowledged captcha is accounted for. */
export const noLoss: Checker = (history, scope = history.site.claims.scope) => {
  const { captchas } = livesOf(history)
  const ends = captchas.map(createEnd(reachOf(history.site, scope), disturbances(history)))
  const tally = fates.map((fate) => ({ fate, number: ends.filter((end) => end.fate === fate).length }))
  const attempts = ends.filter(({ fate }) => telling.includes(fate)).length
  const account = tally
    .filter(({ number }) => number > 0)
    .map(({ fate, number }) => `${count(number)} ${fate}`)
    .join(' + ')
  const untold = captchas.length > 0 ? 'no captcha got a last look within its life' : 'nothing was issued'
  return toCheck(history, {
    name: 'no-loss',
    attempts,
    violations: ends.flatMap(({ look }) => (look === undefined ? [] : [missed(history, look)])),
    gap: attempts > 0 ? undefined : untold,
    remarks: [captchas.length > 0 ? `${count(captchas.length)} issued = ${account}` : undefined],
  })
}

interface End {
  readonly fate: Fate
  /** Of a lost one: the look that missed it. */
  readonly look?: Look
}

/** A take that may have got it leaves a captcha in doubt for good; else the last look within its life decides. */
function createEnd(reach: Reach, disturbed: Disturbed): (captcha: Captcha) => End {
  const isFindable = findableWithin(reach, disturbed)

  function lastLook(captcha: Captcha): End {
    const looks = captcha.ops.filter((op) => isDecisive(op) && isInScope(captcha, op, reach))
    const last = looks.at(-1)
    if (last === undefined) return { fate: 'never looked at' }
    if (last.result === 'found') return { fate: 'still there' }
    const op = looks.findLast((look) => isFindable(captcha, look))
    if (op?.result === 'unknown') return { fate: 'lost', look: { captcha, op } }
    return { fate: last.endMs < captcha.aliveUntilMs ? 'excused by a fault' : 'expired' }
  }

  return (captcha) => {
    const taken = captcha.takers.find(isConsumed)
    if (taken !== undefined) return { fate: taken.result === 'accepted' ? 'accepted' : 'burnt' }
    return captcha.takers.length > 0 ? { fate: 'in doubt' } : lastLook(captcha)
  }
}
