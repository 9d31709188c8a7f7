import { reaches } from '../checkers/rungs.js'
import { useOrdinarily } from './ordinary.js'
import { runSite, type SiteOptions } from './site.js'
import type { CorrectnessTask } from './task.js'

/** Other rungs of the ladder than the one the run is on: everyday use and races, for those who claim to reach them. */

const options = {
  ttlMs: 120_000,
  limitMs: 10_000,
  checks: ['visibility', 'single-use'],
} as const

/** What a strategy does on another rung is soon seen: shares of the captchas and races of the ordinary site. */
const share = 1 / 4

/** Where all workers are threads of one process. */
export async function runThreads(task: CorrectnessTask): Promise<void> {
  if (task.topology === 'threads' || !reaches(task.claims.scope, 'threads')) return
  await useBriefly(task, { ...options, name: 'threads', topology: 'threads', hosts: 1 })
}

/** Where workers share no directory, only a network engine. */
export async function runFleet(task: CorrectnessTask): Promise<void> {
  if (task.hosts > 1 || !reaches(task.claims.scope, 'fleet')) return
  // As many workers as elsewhere, or the clients would take twice the time to reach them.
  const workers = Math.max(1, Math.floor(task.workers / 2))
  await useBriefly({ ...task, workers }, { ...options, name: 'fleet', topology: 'processes', hosts: 2 })
}

function useBriefly(task: CorrectnessTask, site: SiteOptions): Promise<void> {
  const brief = {
    ...task,
    captchas: Math.ceil(task.captchas * share),
    races: Math.ceil(task.races * share),
    ordinaryLimitMs: task.ordinaryLimitMs * share,
  }
  return runSite(brief, site, useOrdinarily)
}
