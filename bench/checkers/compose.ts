import type { Scope } from '../../src/strategy.js'
import type { History } from '../history.js'
import { wilson } from '../statistics.js'
import { type Check, type CheckName, checkNames } from './check.js'
import { checkers, guarded } from './index.js'
import { rungs, shows } from './rungs.js'
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

/** The checks that decide how far up the ladder a store stays correct, at each rung that one site can show. */
export type RungChecks = Readonly<Partial<Record<Scope, readonly Check[]>>>

const deciding = ['visibility', 'single-use'] as const

/** Of one site. */
export function judgeRungs(history: History): RungChecks {
  const at = (rung: Scope) => deciding.map((name) => guarded(name, checkers[name])(history, rung))
  const shown = rungs.filter((rung) => shows(history.site, rung))
  return Object.fromEntries(shown.map((rung) => [rung, at(rung)]))
}

export interface Rung {
  readonly rung: Scope
  readonly verdict: Check['verdict']
}

/** Of several sites of one strategy: at each rung, whether captchas are both findable and used once. */
export function ladderOf(sites: readonly RungChecks[]): readonly Rung[] {
  return rungs.map((rung) => {
    const composed = compose(sites.map((checks) => checks[rung] ?? []))
    const verdicts = composed.filter(({ name }) => deciding.some((own) => own === name))
    return { rung, verdict: worst(verdicts.map(({ verdict }) => verdict)) }
  })
}

function worst(verdicts: readonly Rung['verdict'][]): Rung['verdict'] {
  if (verdicts.includes('invalid')) return 'invalid'
  return verdicts.includes('unknown') ? 'unknown' : 'valid'
}

/**
 * The highest rung that is valid with none below it invalid; `none` when captchas are not even safe in one worker. A rung
 * below that was not exercised is passed over: a wider one is asked of the same pairs of workers and more, so what breaks
 * the narrower breaks it too. That is not so for threads, which no site has beside processes; but a store that was never
 * run in threads has shown nothing against itself, and its own cell of the ladder says so.
 */
export function observedScope(ladder: readonly Rung[]): 'none' | Scope {
  const broken = ladder.findIndex(({ verdict }) => verdict === 'invalid')
  const below = broken < 0 ? ladder : ladder.slice(0, broken)
  return below.findLast(({ verdict }) => verdict === 'valid')?.rung ?? 'none'
}
