import { type Fault, loneWorkerLacks, pidOf, usualAfterMs } from './fault.js'
import { stopHolder } from './stop-holder.js'

/**
 * One worker stands still, while it holds a lock where the store has any, and goes on later as if no time had passed: what a
 * virtual machine that is moved, or a long garbage collection, does. Longer than any lock here takes to count as stale.
 */
export const pauseWorker: Fault = {
  name: 'pause-worker',
  of: 'stop',
  loses: 'nothing',
  strikes: 'one',
  afterMs: usualAfterMs,
  lastsMs: 3_500,
  needs: () => undefined,
  async start(target) {
    const lack = loneWorkerLacks(target)
    if (lack !== undefined) return { missed: lack }
    const pid = pidOf(target)
    await stopHolder(pid, target.dataDir)
    return {
      async heal() {
        process.kill(pid, 'SIGCONT')
      },
    }
  },
}
