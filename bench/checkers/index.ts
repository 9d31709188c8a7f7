import type { Scope } from '../../src/strategy.js'
import type { History } from '../history.js'
import { boundedness } from './boundedness.js'
import { type Check, type Checker, type CheckName, checkNames } from './check.js'
import { durability } from './durability.js'
import { expiry } from './expiry.js'
import { failClosed } from './fail-closed.js'
import { integrity } from './integrity.js'
import { linearizable } from './linearizable.js'
import { noLoss } from './no-loss.js'
import { noPhantoms } from './no-phantoms.js'
import { noResurrection } from './no-resurrection.js'
import { oneGuess } from './one-guess.js'
import { recovery } from './recovery.js'
import { singleUse } from './single-use.js'
import { visibility } from './visibility.js'

/** Every property, in the order of the report. */
export const checkers: Readonly<Record<CheckName, Checker>> = {
  visibility,
  'single-use': singleUse,
  'no-phantoms': noPhantoms,
  'no-loss': noLoss,
  expiry,
  'one-guess': oneGuess,
  durability,
  'no-resurrection': noResurrection,
  integrity,
  'fail-closed': failClosed,
  boundedness,
  recovery,
  linearizable,
}

/**
 * Every check of one site, in the order of `checkNames`. A checker that throws says `unknown`, so that no fault of ours is
 * taken for a property that holds, nor hides the other checks.
 */
export function judgeHistory(history: History, scope?: Scope): Check[] {
  return checkNames.map((name) => guarded(name, checkers[name])(history, scope))
}

/** The checker, but what it throws becomes its verdict. */
export function guarded(name: CheckName, checker: Checker): Checker {
  return (history, scope) => {
    try {
      return checker(history, scope)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      const evidence = [`the checker failed: ${reason}`]
      return { name, verdict: 'unknown', attempts: 0, violations: 0, upperBound: 1, evidence, witness: [] }
    }
  }
}
