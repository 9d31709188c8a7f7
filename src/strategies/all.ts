import type { Strategy } from '../strategy.js'
import { importStrategy, strategyNames } from './index.js'

/** The registry's strategies, in report order. */
export const strategies: readonly Strategy[] = (await Promise.all(strategyNames.map(importStrategy))).filter(
  (strategy) => strategy !== undefined,
)
