import type { Isolation } from '../../isolation/record.js'
import type { Results, StrategyResult } from '../../results.js'

/** What examining a sentence of the design note takes. Pure. */

export type Finding = Results['findings'][number]
export type Found = Pick<Finding, 'measured' | 'verdict'>

/** What sentences are held against. */
export interface Evidence {
  readonly strategies: readonly StrategyResult[]
  readonly isolation: readonly Isolation[]
  /** One that ran. */
  find(name: string): StrategyResult | undefined
}

export type Examine = (evidence: Evidence) => Found

export function uncovered(study: string): Found {
  return { measured: `No study of this run covers it: ${study}.`, verdict: 'undecided' }
}

export function decide(confirmed: boolean, refuted: boolean): Finding['verdict'] {
  if (confirmed) return 'confirmed'
  return refuted ? 'refuted' : 'undecided'
}
