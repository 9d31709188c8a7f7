import { type Fault, loneWorkerLacks, pidOf, replacementLimitMs, usualAfterMs, within } from './fault.js'
import { stopHolder } from './stop-holder.js'

/** One worker dies, with a lock in its hands where the store has any; the primary starts it again. */
export const killWorker: Fault = {
  name: 'kill-worker',
  of: 'crash',
  loses: 'worker-crash',
  strikes: 'one',
  afterMs: usualAfterMs,
  lastsMs: 0,
  needs: () => undefined,
  async start(target) {
    const lack = loneWorkerLacks(target)
    if (lack !== undefined) return { missed: lack }
    const replaced = target.server.replaced(target.worker)
    const pid = pidOf(target)
    await stopHolder(pid, target.dataDir)
    process.kill(pid, 'SIGKILL')
    return {
      heal: async () => void (await within(replacementLimitMs, 'the worker to be replaced', replaced)),
    }
  },
}
