import type { WorkerProcess } from '../../src/primary.js'
import { Refusal } from './refusal.js'
import type { Scene } from './scene.js'
import { endingOfKill, type Step, type Story } from './telling.js'

/** What nobody has issued: whoever answers that it is unknown is there and has a store. */
const nobodys = 'nobody-has-issued-this'

const readyLimitMs = 10_000

/**
 * Kills one worker as a crash would, asks the others whether they still answer, and waits for its replacement.
 * @param tell told the story so far, before the replacement is there
 * @throws Refusal when it does not run
 */
export async function killWorker(scene: Scene, id: number, tell: (story: Story) => void): Promise<Story> {
  const victim = scene.running().find((worker) => worker.id === id)
  if (victim === undefined) throw new Refusal('this worker does not run at the moment')
  const lost = scene.entrant.claims.scope === 'process' ? scene.ledger.heldBy(victim.pid).count : 0
  const replaced = scene.server.replaced(id)
  const killedAtMs = performance.now()
  scene.kill(victim)
  const survivors = await askOthers(scene, victim)
  const steps: readonly Step[] = [
    { time: 0, afterMs: 0, workers: [victim], what: 'was killed (SIGKILL)' },
    { time: 1, afterMs: performance.now() - killedAtMs, workers: survivors, what: 'still answered' },
  ]
  const death = { victim, lost, survivors: survivors.length }
  tell({ steps, ...endingOfKill(scene.entrant, { ...death, replacement: undefined, tookMs: 0 }) })
  const replacement = await replaced
  const tookMs = performance.now() - killedAtMs
  await scene.talk.ready(readyLimitMs)
  return {
    steps: [...steps, { time: 2, afterMs: tookMs, workers: [replacement], what: 'took its place' }],
    ...endingOfKill(scene.entrant, { ...death, replacement, tookMs }),
  }
}

/** @returns those that answer */
async function askOthers(scene: Scene, victim: WorkerProcess): Promise<readonly WorkerProcess[]> {
  const others = scene.running().filter(({ id }) => id !== victim.id)
  const told = await Promise.all(others.map(({ id }) => scene.talk.ask(id, { verb: 'read', id: nobodys })))
  return others.filter((_, index) => told[index]?.result === 'unknown')
}
