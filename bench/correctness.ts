import { setMaxListeners } from 'node:events'
import { runClock } from './correctness/clock.js'
import { runExpiry } from './correctness/expiry.js'
import { runHeap } from './correctness/heap.js'
import { runOrdinary } from './correctness/ordinary.js'
import { runFleet, runThreads } from './correctness/rungs.js'
import { type CorrectnessTask, type SiteName, siteNames, taskAt } from './correctness/task.js'
import { runEngine, runFaults, runFullDisk, runPause } from './correctness/troubled.js'

export { type CorrectnessTask, full, type Intensity, quick, type SiteName } from './correctness/task.js'

const sites: Readonly<Record<SiteName, (task: CorrectnessTask) => Promise<void>>> = {
  ordinary: runOrdinary,
  faults: runFaults,
  engine: runEngine,
  pause: runPause,
  expiry: runExpiry,
  clock: runClock,
  heap: runHeap,
  'full-disk': runFullDisk,
  threads: runThreads,
  fleet: runFleet,
}

/**
 * The correctness study of one strategy: runs its sites and leaves a history of each in the task's folder. Never timed.
 * @throws Error when a history cannot be written; whatever else goes wrong is a gap in the history of its site
 */
export async function runCorrectness(task: CorrectnessTask): Promise<void> {
  // Every captcha that is waited for listens, thousands at a time.
  setMaxListeners(0, task.signal)
  const queue = siteNames.filter((name) => task.sites?.includes(name) ?? true)
  async function runInTurn(): Promise<void> {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
      if (!task.signal.aborted) await sites[name](taskAt(name, task))
    }
  }
  const lanes = await Promise.allSettled(Array.from({ length: task.sitesAtOnce }, runInTurn))
  // Not before all have ended: a lane that goes on has servers.
  for (const lane of lanes) if (lane.status === 'rejected') throw lane.reason
}
