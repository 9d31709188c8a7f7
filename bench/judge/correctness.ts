import type { Claims } from '../../src/strategy.js'
import { type CheckName, checkNames } from '../checkers/check.js'
import { observedScope, type Rung } from '../checkers/compose.js'
import { reaches, type Shape } from '../checkers/rungs.js'
import {
  type CheckResult,
  type CorrectnessResult,
  isClaimed,
  type PromiseResult,
  promisesMade,
} from '../results.js'
import type { SliceRecord } from '../slices.js'
import { wilson } from '../statistics.js'
import { type HandOffs, judgePairs, judgeSlices } from './hand-offs.js'
import type { Testimony } from './testimony.js'

/** What was observed of one strategy: the timing study's hand-offs, the correctness study's histories, or both. */
export interface Observed extends Shape {
  readonly slices: readonly SliceRecord[]
  readonly testimony?: Testimony | undefined
}

/** Sets the observation beside the claims. Pure. */
export function judgeCorrectness(
  claims: Claims,
  { slices, testimony, ...shape }: Observed,
): CorrectnessResult {
  const timed = judgeSlices(claims, slices, shape)
  const isTimed = timed.verificationFailures.overall.attempts > 0
  const handOffs = testimony === undefined || isTimed ? timed : judgePairs(claims, testimony.pairs, { shape })
  const checks = checksOf(handOffs, testimony, isTimed)
  const promises = promisesOf(claims, checks)
  const climbed = climb(handOffs, testimony)
  return {
    verdict: worst(checks.filter(({ name }) => isClaimed(claims, name))),
    observedScope: testimony === undefined ? handOffs.observedScope : observedScope(climbed),
    ladder: climbed.map(({ rung, verdict }) => ({
      rung,
      verdict,
      claimed: claims.singleUse && reaches(claims.scope, rung),
    })),
    promises,
    verificationFailures: handOffs.verificationFailures,
    matrix: handOffs.matrix,
    checks,
    ...(testimony && { races: testimony.races, restarts: testimony.restarts }),
    ...(handOffs.witness && { witness: handOffs.witness }),
  }
}

/** What hand-offs show to be lost is lost, whatever histories say; what they found may still be accepted twice. */
function climb({ found }: HandOffs, testimony: Testimony | undefined): readonly Rung[] {
  return found.map(({ rung, verdict }) => {
    if (verdict === 'invalid') return { rung, verdict }
    return { rung, verdict: testimony?.ladder.find((own) => own.rung === rung)?.verdict ?? 'unknown' }
  })
}

/** The hand-offs of the timing study are one more exercise of visibility. */
function checksOf(
  { visibility }: HandOffs,
  testimony: Testimony | undefined,
  isTimed: boolean,
): CheckResult[] {
  const recorded: readonly CheckResult[] = testimony?.checks ?? checkNames.map(unexercised)
  return recorded.map((check) => (check.name === 'visibility' && isTimed ? merge(check, visibility) : check))
}

/** The timing study forces no races and no faults, so it can say nothing of these. */
function unexercised(name: CheckName): CheckResult {
  const evidence = ['not exercised: the correctness study was not run']
  return { name, verdict: 'unknown', attempts: 0, violations: 0, upperBound: 1, evidence }
}

const badness = { valid: 0, unknown: 1, invalid: 2 } as const

/** Two exercises of one property: broken in either is broken, and one that was not exercised takes nothing from the other. */
function merge(recorded: CheckResult, timed: CheckResult): CheckResult {
  const attempts = recorded.attempts + timed.attempts
  const violations = recorded.violations + timed.violations
  const exercised = [recorded, timed].filter(({ verdict }) => verdict !== 'unknown')
  return {
    ...recorded,
    verdict: exercised.length === 0 ? 'unknown' : worst(exercised),
    attempts,
    violations,
    upperBound: wilson(violations, attempts).high,
    evidence: (exercised.length === 0 ? [recorded, timed] : exercised)
      .flatMap(({ evidence }) => evidence)
      .slice(0, 5),
  }
}

function worst(checks: readonly CheckResult[]): CheckResult['verdict'] {
  return checks.reduce<CheckResult['verdict']>(
    (verdict, check) => (badness[check.verdict] > badness[verdict] ? check.verdict : verdict),
    'valid',
  )
}

const observations = { valid: 'kept', unknown: 'unproven', invalid: 'broken' } as const

function promisesOf(claims: Claims, checks: readonly CheckResult[]): PromiseResult[] {
  return promisesMade(claims).map(({ claim, checks: names }) => {
    const deciding = checks.filter(({ name }) => names.includes(name))
    return { claim, promised: String(claims[claim]), observation: observations[worst(deciding)] }
  })
}
