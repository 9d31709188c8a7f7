import { loadStrategy } from '../../src/load-strategy.js'
import type { Strategy } from '../../src/strategy.js'

/**
 * Another strategy, named by SKEWED_STRATEGY, with the wall clock of worker SKEWED_WORKER ahead by SKEW_MS: how a store
 * behaves whose workers do not agree on the time. Only `Date.now` is shifted: not `new Date()`, not timers, and nothing that a
 * native library or an engine outside this process asks the system for.
 */
const { SKEWED_STRATEGY = '', SKEWED_WORKER, SKEW_MS } = process.env
const strategy = await loadStrategy(SKEWED_STRATEGY)

const skewed: Strategy = {
  ...strategy,
  open(worker) {
    if (worker.workerId === Number(SKEWED_WORKER)) {
      const now = Date.now
      const skewMs = Number(SKEW_MS)
      Date.now = () => now() + skewMs
    }
    return strategy.open(worker)
  },
}

export default skewed
