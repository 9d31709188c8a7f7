import { type Fault, usualAfterMs } from './fault.js'
import { strikeEngines } from './stop-engine.js'

/**
 * All of the engine's processes die at once, and it is started on what is left. What it had not handed to the system may be gone, as
 * with the power: `everysec` and asynchronous commits promise no more.
 */
export const crashEngine: Fault = {
  name: 'crash-engine',
  of: 'engine',
  loses: 'power-loss',
  strikes: 'all',
  afterMs: usualAfterMs,
  lastsMs: 0,
  needs: () => undefined,
  start: (target) => strikeEngines(target, { strike: (own) => own.kill(), heal: (own) => own.start() }),
}
