import { type Fault, pidOf, replacementLimitMs, usualAfterMs, within } from './fault.js'

/** One worker dies in the middle of whatever it does; the primary starts it again. */
export const killWorker: Fault = {
  name: 'kill-worker',
  of: 'crash',
  loses: 'worker-crash',
  strikes: 'one',
  afterMs: usualAfterMs,
  lastsMs: 0,
  needs: () => undefined,
  async start(target) {
    const replaced = target.server.replaced(target.worker)
    process.kill(pidOf(target), 'SIGKILL')
    return {
      heal: async () => void (await within(replacementLimitMs, 'the worker to be replaced', replaced)),
    }
  },
}
