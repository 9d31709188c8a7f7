import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { runCorrectness } from '../correctness.js'
import { compressHistory } from '../history-file.js'
import type { Entrant } from '../roster.js'
import type { Stage } from '../timing/launch.js'

/** The correctness study: every strategy of the plan, some at once; each leaves a history per site. Never timed. */
export async function recordCorrectness({ plan, folder, services, progress, signal }: Stage): Promise<void> {
  const { correctness, entrants, topology = 'processes', hosts = 1, workers, seed } = plan
  if (correctness === undefined) return
  await mkdir(folder.historiesPath, { recursive: true })
  const { strategiesAtOnce, ...intensity } = correctness
  const queue = entrants.filter(({ skipped }) => skipped === undefined)
  const strategies = queue.length
  let begun = 0

  async function record({ name, module, claims, engines = [] }: Entrant): Promise<void> {
    begun += 1
    progress.note(`correctness · ${begun}/${strategies} · ${name}`)
    const what = { strategy: module, name, claims, engines, services }
    const where = { folder: folder.historiesPath, signal }
    const place = { topology, hosts, workers }
    await runCorrectness({ ...intensity, ...what, ...place, seed, ...where })
    for (const file of await readdir(folder.historiesPath)) {
      if (file.startsWith(`${name}.`) && file.endsWith('.ndjson'))
        await compressHistory(join(folder.historiesPath, file))
    }
  }

  async function recordInTurn(): Promise<void> {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      if (!signal.aborted) await record(next)
    }
  }

  await Promise.all(Array.from({ length: strategiesAtOnce }, recordInTurn))
}
