import type { History, Op } from '../history.js'
import { wilson } from '../statistics.js'
import type { Check, CheckName } from './check.js'

/** Sentences a check may have. */
export const mostEvidence = 5

/** Violations told, so that remarks find a place. */
const mostTold = 3

/** One way in which the property was broken. */
export interface Violation {
  /** The ops that show it, the one that settles it last; none where a line of another kind does. */
  readonly ops: readonly Op[]
  /** Called for the few that are shown. Never tells an answer. */
  tell(): string
}

export interface Findings {
  readonly name: CheckName
  readonly attempts: number
  readonly violations: readonly Violation[]
  /** Why it was not exercised; `undefined` when it was. */
  readonly gap?: string | undefined
  readonly remarks?: readonly (string | undefined)[]
}

/** A violation convicts however little was tried; without one, what was not exercised stays `unknown`. */
export function toCheck(
  history: History,
  { name, attempts, violations, gap, remarks = [] }: Findings,
): Check {
  const verdict = violations.length > 0 ? 'invalid' : gap === undefined ? 'valid' : 'unknown'
  const earliest = violations.toSorted((a, b) => shownAtMs(a) - shownAtMs(b))
  const told = earliest.slice(0, mostTold).map((violation) => violation.tell())
  const reasons = verdict === 'unknown' ? [gap, ...gapReasons(history, name)] : []
  const sentences = [...told, ...reasons, ...remarks].filter((sentence) => sentence !== undefined)
  return {
    name,
    verdict,
    attempts,
    violations: violations.length,
    upperBound: wilson(violations.length, attempts).high,
    evidence: sentences.slice(0, mostEvidence),
    witness: [...(earliest[0]?.ops ?? [])].sort((a, b) => a.startMs - b.startMs).map(({ op }) => op),
    site: history.site.name,
  }
}

/** The last of its ops: what came before it was still innocent. */
function shownAtMs({ ops }: Violation): number {
  return ops.at(-1)?.startMs ?? 0
}

function gapReasons({ gaps }: History, name: CheckName): readonly string[] {
  return gaps.filter(({ checks }) => checks.includes(name)).map(({ reason }) => reason)
}
