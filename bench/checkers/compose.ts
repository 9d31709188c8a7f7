import type { Scope } from '../../src/strategy.js'
import type { History } from '../history.js'
import { wilson } from '../statistics.js'
import { type Check, type CheckName, checkNames } from './check.js'
import { checkers, guarded } from './index.js'
import { mostEvidence } from './verdict.js'

/**
 * The checks of several sites of one strategy as one list, in the order of `checkNames`. Broken anywhere is `invalid`; a
 * site that did not exercise a property takes nothing from one that did.
 */
export function compose(checks: readonly (readonly Check[])[]): Check[] {
  const all = checks.flat()
  return checkNames.map((name) =>
    merge(
      name,
      all.filter((check) => check.name === name),
    ),
  )
}

const weights = { invalid: 0, valid: 1, unknown: 2 } as const

/**
 * The weightiest verdict wins, and what speaks for it is told first, the site that tried most before the others; the witness is of
 * the first site that has one.
 */
function merge(name: CheckName, checks: readonly Check[]): Check {
  const ranked = checks.toSorted((a, b) => weights[a.verdict] - weights[b.verdict] || b.attempts - a.attempts)
  const attempts = ranked.reduce((sum, check) => sum + check.attempts, 0)
  const violations = ranked.reduce((sum, check) => sum + check.violations, 0)
  const shown = ranked.find(({ witness }) => witness.length > 0)
  return {
    name,
    verdict: ranked[0]?.verdict ?? 'unknown',
    attempts,
    violations,
    upperBound: wilson(violations, attempts).high,
    evidence: ranked.length === 0 ? ['no site was judged'] : mostTelling(ranked),
    witness: shown?.witness ?? [],
    ...(shown?.site !== undefined && { site: shown.site }),
  }
}

/** The first sentence of each site before the second of any, and none twice. */
function mostTelling(ranked: readonly Check[]): readonly string[] {
  const rounds = Array.from({ length: mostEvidence }, (_, round) =>
    ranked.flatMap(({ evidence }) => evidence[round] ?? []),
  )
  return [...new Set(rounds.flat())].slice(0, mostEvidence)
}

/** What one site can show: it has one host. */
const rungs = ['process', 'host'] as const
type Rung = (typeof rungs)[number]

/** The checks that decide how far up the ladder a store stays correct, at each rung. */
export type RungChecks = Readonly<Record<Rung, readonly Check[]>>

/** Of one site. */
export function judgeRungs(history: History): RungChecks {
  const at = (rung: Rung) => deciding.map((name) => guarded(name, checkers[name])(history, rung))
  return { process: at('process'), host: at('host') }
}

const deciding = ['visibility', 'single-use'] as const

/**
 * The highest rung at which captchas are both findable and used once, over all sites; `none` when they are not even in one
 * worker.
 */
export function observedScope(sites: readonly RungChecks[]): 'none' | Extract<Scope, Rung> {
  const isKept = (rung: Rung) => {
    const composed = compose(sites.map((checks) => checks[rung]))
    return deciding.every((name) => composed.find((check) => check.name === name)?.verdict === 'valid')
  }
  return rungs.findLast(isKept) ?? 'none'
}
