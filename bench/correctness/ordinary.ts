import { comeBack } from './captchas.js'
import { inspect, type Looked, lookForLitter, watchMedium } from './integrity.js'
import { type OpenSite, runSite } from './site.js'
import { probeSync } from './sync.js'
import type { CorrectnessTask } from './task.js'
import { runWorkload } from './workload.js'

/** Nothing goes wrong here: everyday use, misuse and races, while another process's eyes are on the medium. */
export function runOrdinary(task: CorrectnessTask): Promise<void> {
  const options = {
    name: 'ordinary',
    ttlMs: 120_000,
    limitMs: 10_000,
    remembered: 400,
    // Stores that commit in groups get through half as many again as with 8.
    perWorker: 16,
    checks: ['visibility', 'single-use', 'no-phantoms', 'no-loss', 'one-guess', 'linearizable', 'integrity'],
    async after(site: Looked) {
      await inspect(site, false)
      await lookForLitter(site)
    },
  } as const
  return runSite(task, options, useAll)
}

async function useAll(site: OpenSite): Promise<void> {
  const watch = watchMedium(site)
  try {
    await useOrdinarily(site)
  } finally {
    await watch.stop()
  }
  await inspect(site, false)
  await probeSync(site)
}

/** So many captchas as the task says, or so long; then everything that is remembered is come back to. */
export async function useOrdinarily(site: OpenSite): Promise<void> {
  const { task, client, ledger } = site
  const untilMs = performance.now() + task.ordinaryLimitMs
  let left = task.captchas
  const isOver = () => {
    left -= 1
    return left < 0 || performance.now() > untilMs || task.signal.aborted
  }
  const share = task.races / task.captchas
  const mix = { read: 0.35, leave: 0.03, race: share, guessWrongly: 0.1, probe: 0.02 }
  await runWorkload(site, { mix, clients: Math.ceil(1.5 * client.connections), isOver })
  await comeBack(site, ledger.empty())
}
