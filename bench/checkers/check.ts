import type { Scope } from '../../src/strategy.js'
import type { History } from '../history.js'

/** Names of the checks, in the order of the report. */
export const checkNames = [
  'visibility',
  'single-use',
  'no-phantoms',
  'no-loss',
  'expiry',
  'one-guess',
  'durability',
  'no-resurrection',
  'integrity',
  'fail-closed',
  'boundedness',
  'recovery',
  'linearizable',
] as const
export type CheckName = (typeof checkNames)[number]

/** What one checker says of one history. */
export interface Check {
  readonly name: CheckName
  /** `unknown`: the property was not exercised, or nobody can tell. */
  readonly verdict: 'valid' | 'invalid' | 'unknown'
  /** How often the property could have been broken, and how often it was. */
  readonly attempts: number
  readonly violations: number
  /** 95 % upper bound of the rate of violations, 0 to 1. */
  readonly upperBound: number
  /** Sentences that can be read aloud, the most telling first; at most five. */
  readonly evidence: readonly string[]
  /** Numbers of the ops that show the first violation, in order of time; empty without one. */
  readonly witness: readonly number[]
  /** The site whose ops `witness` numbers. */
  readonly site?: string
}

/**
 * One property: a pure function of the history. `scope` is the group of workers it is asked of, the claimed one unless
 * told: within `process` only answers of the worker that issued a captcha count, within `host` those of its host's workers,
 * within `fleet` those of all (`reachOf`). What lies outside the scope is never held against a store, but for the laws that
 * know none: nobody may know what was never issued, has ended, or accept a wrong guess. A worker that replaces a crashed one
 * has its number and counts as the same.
 */
export type Checker = (history: History, scope?: Scope) => Check
