import { type Static, Type } from 'typebox'
import type { Claims } from '../../src/strategy.js'
import { rungs } from '../checkers/rungs.js'
import { count, literals, nullable, number, object, share } from './schema.js'

/** `low` and `high` bound the 95 % Wilson interval. */
const Failures = object({ attempts: count(), failures: count(), rate: share(), low: share(), high: share() })

const Verdict = literals('valid', 'invalid', 'unknown')

const Check = object({
  name: Type.String(),
  verdict: Verdict,
  attempts: count(),
  violations: count(),
  /** 95 % upper bound of the rate of violations. */
  upperBound: share(),
  evidence: Type.Array(Type.String()),
  /** What shows the first violation, in order of time; `atMs` from the first moment, `worker` null for all of them. */
  witness: Type.Optional(
    Type.Array(
      object({
        atMs: number(),
        tookMs: Type.Optional(number()),
        worker: nullable(count()),
        event: Type.String(),
      }),
    ),
  ),
})

/** A claim and what became of it. */
const Promised = object({
  claim: literals('scope', 'singleUse', 'survives'),
  promised: Type.String(),
  observation: literals('kept', 'broken', 'unproven'),
})

export const Correctness = object({
  /** The worst of the checks that the claims and the laws of every store call for. */
  verdict: Verdict,
  observedScope: literals('none', ...rungs),
  /** On each rung, narrowest first: whether captchas were found and accepted once by all of its workers. */
  ladder: Type.Array(
    object({
      rung: literals(...rungs),
      verdict: Verdict,
      /** The scope reaches that far, and single use is claimed. */
      claimed: Type.Boolean(),
    }),
    { minItems: 4, maxItems: 4 },
  ),
  promises: Type.Array(Promised),
  /** Races the correctness study forced, and those in which two takes were under way on different workers at once. */
  races: Type.Optional(object({ forced: count(), overlapping: count() })),
  /** Captchas looked at after all processes had died and been started again, claimed to survive it or not. */
  restarts: Type.Optional(object({ looked: count(), kept: count() })),
  verificationFailures: object({ overall: Failures, sameWorker: Failures, crossWorker: Failures }),
  /** matrix[issuer][verifier] */
  matrix: Type.Array(Type.Array(object({ attempts: count(), failures: count() }))),
  checks: Type.Array(Check),
  witness: Type.Optional(
    object({
      id: Type.String(),
      issuer: count(),
      verifier: count(),
      outcome: Type.String(),
      afterMs: number(),
    }),
  ),
})

export type CorrectnessResult = Static<typeof Correctness>
export type RungResult = CorrectnessResult['ladder'][number]
export type CheckResult = Static<typeof Check>
export type PromiseResult = Static<typeof Promised>
export type FailuresResult = Static<typeof Failures>

interface Promised {
  readonly claim: PromiseResult['claim']
  /** The checks that decide it. */
  readonly checks: readonly string[]
  readonly isMade: (claims: Pick<Claims, 'singleUse' | 'survives'>) => boolean
}

/** What claims promise, and which checks decide it. The other checks are laws: every store owes them. */
export const promised: readonly Promised[] = [
  { claim: 'scope', checks: ['visibility', 'no-loss'], isMade: () => true },
  {
    claim: 'singleUse',
    checks: ['single-use', 'one-guess', 'linearizable'],
    isMade: ({ singleUse }) => singleUse,
  },
  {
    claim: 'survives',
    checks: ['durability', 'no-resurrection'],
    isMade: ({ survives }) => survives !== 'nothing',
  },
]

/** A check that decides a promise nobody made is shown and convicts nobody. */
export function isClaimed(claims: Pick<Claims, 'singleUse' | 'survives'>, check: string): boolean {
  return promised.every(({ checks, isMade }) => isMade(claims) || !checks.includes(check))
}
