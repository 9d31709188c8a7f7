import { disturbances, findableWithin, isMissed, looksOf } from '../checkers/captcha-lives.js'
import type { Check } from '../checkers/check.js'
import { compose, observedScope } from '../checkers/compose.js'
import { judgeHistory } from '../checkers/index.js'
import type { History, Op } from '../history.js'
import type { CheckResult, CorrectnessResult } from '../results.js'
import type { PairCount } from '../slices.js'
import { timeline } from './timeline.js'

/** What the histories of one strategy come to. */
export interface Testimony {
  readonly checks: readonly CheckResult[]
  readonly observedScope: CorrectnessResult['observedScope']
  /** First takes with the right answer, while the captcha lived and no fault excused the store. */
  readonly pairs: readonly PairCount[]
  readonly races: { readonly forced: number; readonly overlapping: number }
}

/** Pure: every checker over every site, composed. */
export function testimonyOf(histories: readonly History[]): Testimony {
  const composed = compose(histories.map((history) => judgeHistory(history)))
  return {
    checks: composed.map((check) => toResult(check, histories)),
    observedScope: observedScope(histories),
    pairs: histories.flatMap(pairsOf),
    races: countRaces(histories),
  }
}

function toResult({ witness, site, ...check }: Check, histories: readonly History[]): CheckResult {
  const history = histories.find((candidate) => candidate.site.name === site)
  const result = { ...check, evidence: [...check.evidence] }
  return history === undefined || witness.length === 0
    ? result
    : { ...result, witness: timeline(history, witness) }
}

function pairsOf(history: History): PairCount[] {
  const looks = looksOf(history, findableWithin('host', disturbances(history)))
  return looks
    .filter(({ op }) => op.verb === 'take')
    .map((look) => ({
      issuer: look.captcha.issue.worker,
      verifier: look.op.worker,
      attempts: 1,
      failures: isMissed(look) ? 1 : 0,
    }))
}

/** A race overlaps when two of its takes, on different workers where there are several, were under way at once. */
function countRaces(histories: readonly History[]): Testimony['races'] {
  const races = histories.flatMap(({ ops }) => {
    const groups = new Map<number, Op[]>()
    for (const op of ops) {
      if (op.race === undefined) continue
      const group = groups.get(op.race)
      if (group === undefined) groups.set(op.race, [op])
      else group.push(op)
    }
    return [...groups.values()]
  })
  return { forced: races.length, overlapping: races.filter(isOverlapping).length }
}

function isOverlapping(ops: readonly Op[]): boolean {
  const answered = ops.filter(({ outcome }) => outcome !== 'info')
  return answered.some((one, index) =>
    answered
      .slice(index + 1)
      .some((other) => other.worker !== one.worker && one.startMs < other.endMs && other.startMs < one.endMs),
  )
}
