import { brokenClaims, type GateResult, type Results, type StrategyResult } from './results.js'

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
  gates = [],
}: Pick<Results, 'strategies' | 'run' | 'gates'>): ExitCode {
  const gated = (word: GateResult['verdict']) => gates.some(({ verdict }) => verdict === word)
  if (brokenClaims(strategies).length > 0 || gated('broken')) return exitCodes.broken
  const running = strategies.filter(({ skipped }) => skipped === undefined)
  const isWhole = !run.partial && running.every((strategy) => isMeasured(strategy, run))
  if (!isWhole || gated('unmeasured')) return exitCodes.unmeasured
  const isOpen = run.studies.includes('timing') && running.some(isUndecided)
  return isOpen || gated('undecided') ? exitCodes.undecided : exitCodes.kept
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
