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

type Claiming = Pick<Claims, 'singleUse' | 'survives'>

interface Promised {
  readonly claim: PromiseResult['claim']
  /** The checks that decide it under these claims; none, when it is not made. */
  readonly checks: (claims: Claiming) => readonly string[]
}

/** What claims promise, and which checks decide it. The other checks are laws: every store owes them. */
const promised: readonly Promised[] = [
  { claim: 'scope', checks: () => ['visibility', 'no-loss'] },
  {
    claim: 'singleUse',
    checks: ({ singleUse }) => (singleUse ? ['single-use', 'one-guess', 'linearizable'] : []),
  },
  {
    claim: 'survives',
    // A replayable store's takes leave nothing behind that could come back.
    checks: ({ singleUse, survives }) =>
      survives === 'nothing' ? [] : singleUse ? ['durability', 'no-resurrection'] : ['durability'],
  },
]

/** Checks that decide a promise of some strategy. */
const deciding = new Set(
  promised.flatMap(({ checks }) => checks({ singleUse: true, survives: 'power-loss' })),
)

/** The promises these claims make, each with the checks that decide it. */
export function promisesMade(
  claims: Claiming,
): readonly { readonly claim: PromiseResult['claim']; readonly checks: readonly string[] }[] {
  return promised
    .map(({ claim, checks }) => ({ claim, checks: checks(claims) }))
    .filter(({ checks }) => checks.length > 0)
}

/** A check that decides a promise nobody made is shown and convicts nobody. */
export function isClaimed(claims: Claiming, check: string): boolean {
  return !deciding.has(check) || promisesMade(claims).some(({ checks }) => checks.includes(check))
}
