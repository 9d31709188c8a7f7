import { brokenClaims } from './report/answer.js'
import type { Results } from './results.js'

/** What the run's end tells a script; see the README's table. */
export const exitCodes = { kept: 0, broken: 1, unmeasured: 2, undecided: 3 } as const
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** A claim seen broken outweighs what could not be measured: it is a fact, whatever is missing beside it. */
export function exitCodeOf({ strategies, run }: Pick<Results, 'strategies' | 'run'>): ExitCode {
  if (brokenClaims(strategies).length > 0) return exitCodes.broken
  const running = strategies.filter(({ skipped }) => skipped === undefined)
  const isTimed = run.studies.includes('timing')
  const incomplete = running.some(
    ({ failed, timing }) => failed !== undefined || (isTimed && !timing?.some(({ slices }) => slices > 0)),
  )
  return run.partial || incomplete ? exitCodes.unmeasured : exitCodes.kept
}
