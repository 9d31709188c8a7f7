import {
  brokenClaims,
  type ComparisonResult,
  type GateResult,
  isCompared,
  type Results,
  type StrategyResult,
} from './results.js'

/** What the run's end tells a script; see the README's table. */
export const exitCodes = { kept: 0, broken: 1, unmeasured: 2, undecided: 3 } as const
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/**
 * A claim or a gate seen broken outweighs what could not be measured: it is a fact, whatever is missing beside it. Undecided
 * is a run that measured everything and yet never asked across the scope a strategy claims, as with one worker, or not
 * precisely enough for a gate.
 */
export function exitCodeOf({
  strategies,
  run,
  comparison,
  gates = [],
}: Pick<Results, 'strategies' | 'run' | 'comparison' | 'gates'>): ExitCode {
  const gated = (word: GateResult['verdict']) => gates.some(({ verdict }) => verdict === word)
  if (brokenClaims(strategies).length > 0 || gated('broken')) return exitCodes.broken
  if (comparison?.pairs.some(isSlower)) return exitCodes.broken
  const running = strategies.filter(({ skipped }) => skipped === undefined)
  const isWhole = !run.partial && running.every((strategy) => isMeasured(strategy, run))
  if (!isWhole || gated('unmeasured')) return exitCodes.unmeasured
  if (comparison !== undefined) return exitCodeOfPairs(comparison)
  const isOpen = run.studies.includes('timing') && running.some(isUndecided)
  return isOpen || gated('undecided') ? exitCodes.undecided : exitCodes.kept
}

/** Where a limit was set, it alone decides. */
export function isSlower({ operations }: ComparisonResult['pairs'][number]): boolean {
  return operations.some(({ verdict, limit }) =>
    limit === undefined ? verdict === 'slower' : limit === 'broken',
  )
}

/**
 * Without a limit nothing remains undecided: a run can always be too short to see a difference, and a gate that says so every
 * time is taken down. Who sets one asks a question, and is told when it was not answered.
 */
function exitCodeOfPairs({ pairs }: ComparisonResult): ExitCode {
  if (pairs.length === 0 || !pairs.every(isCompared)) return exitCodes.unmeasured
  const limits = pairs.flatMap(({ operations }) => operations.map(({ limit }) => limit))
  return limits.includes('undecided') ? exitCodes.undecided : exitCodes.kept
}

function isMeasured(
  { failed, timing, microGaps, scaling }: StrategyResult,
  { studies }: Results['run'],
): boolean {
  const isTimed = timing?.some(({ slices }) => slices > 0) === true
  const isBroken = microGaps?.some(({ population }) => population === 0) === true
  const isScaled = scaling?.sweeps.some(({ points }) => points.length > 0) === true
  return (
    failed === undefined &&
    !isBroken &&
    (isTimed || !studies.includes('timing')) &&
    (isScaled || !studies.includes('scaling'))
  )
}

function isUndecided({ exhibit, correctness }: StrategyResult): boolean {
  const visibility = correctness?.checks.find(({ name }) => name === 'visibility')
  return exhibit === undefined && visibility?.verdict === 'unknown'
}
