import { type Fault, usualAfterMs } from './fault.js'
import { strikeEngines } from './stop-engine.js'

/**
 * The engine stands still with all connections open, and goes on later with whatever it was asked meanwhile: what a disk that hangs
 * or a machine that is moved does. Longer than a store should let its clients wait.
 */
export const pauseEngine: Fault = {
  name: 'pause-engine',
  of: 'engine',
  loses: 'nothing',
  strikes: 'all',
  afterMs: usualAfterMs,
  lastsMs: 2_500,
  needs: () => undefined,
  start: (target) =>
    strikeEngines(target, {
      strike: async (own) => own.pause(),
      heal: async (own) => own.resume(),
    }),
}
