import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { mountSmallDisk } from '../faults/full-disk.js'
import {
  corruptFile,
  crashAtWrite,
  crashEngine,
  type Fault,
  fullDisk,
  killWorker,
  pauseEngine,
  pauseWorker,
  restart,
  stopEngine,
} from '../faults/index.js'
import { messageOf } from '../message-of.js'
import { inspect, watchMedium } from './integrity.js'
import { type OpenSite, openSiteHistory, runSite, type SiteOptions } from './site.js'
import { lineOf, strike } from './strike.js'
import type { CorrectnessTask } from './task.js'

/** Longer than any fault lasts: clients of a worker that stands still wait for it. */
const limitMs = 15_000

const ttlMs = 120_000

/** Room for what a store writes in a second or two of use, such as a write-ahead log. */
const diskBytes = 16 * 2 ** 20

const options: SiteOptions = {
  name: 'faults',
  ttlMs,
  limitMs,
  checks: ['durability', 'no-resurrection', 'recovery', 'fail-closed'],
}

/** Processes die, in turn, so often; then what cannot be put right, once. */
export function runFaults(task: CorrectnessTask): Promise<void> {
  const isChosen = ({ name }: Fault) => task.faults?.includes(name) ?? true
  const repeated = [killWorker, crashAtWrite, restart].filter(isChosen)
  return runSite(task, options, async (site) => {
    for (let round = 0; round < task.faultsPerKind; round += 1)
      for (const fault of repeated) await strikeWatched(site, fault)
    // Nobody looks for whole files any more: they have been damaged.
    if (!task.signal.aborted && isChosen(corruptFile)) await strike(site, corruptFile)
  })
}

/** The network engine goes, stands still and dies, in turn, so often; of no concern to a strategy without one. */
export async function runEngine(task: CorrectnessTask): Promise<void> {
  if (task.engines === undefined || task.engines.length === 0) return
  const repeated = [stopEngine, pauseEngine, crashEngine].filter(
    ({ name }) => task.faults?.includes(name) ?? true,
  )
  await runSite(task, { ...options, name: 'engine' }, async (site) => {
    for (let round = 0; round < task.faultsPerKind; round += 1)
      for (const fault of repeated) await strikeWatched(site, fault)
  })
}

/** Workers stand still, so often: some while they hold a lock. */
export function runPause(task: CorrectnessTask): Promise<void> {
  const checks = ['single-use', 'no-loss', 'recovery', 'integrity'] as const
  return runSite(task, { ...options, name: 'pause', checks }, async (site) => {
    for (let round = 0; round < task.faultsPerKind; round += 1) await strikeWatched(site, pauseWorker)
  })
}

/** The medium fills up, so often. */
export async function runFullDisk(task: CorrectnessTask): Promise<void> {
  const here: SiteOptions = {
    ...options,
    name: 'full-disk',
    checks: ['fail-closed', 'recovery', 'integrity'],
  }
  const lack = fullDisk.needs()
  if (lack !== undefined) return missAll(task, here, lack)
  let disk: Awaited<ReturnType<typeof mountSmallDisk>>
  try {
    disk = await mountSmallDisk(diskBytes)
  } catch (error) {
    return missAll(task, here, `no medium could be mounted: ${messageOf(error)}`)
  }
  try {
    const dataDir = join(disk.path, 'data')
    await mkdir(dataDir)
    await runSite(task, { ...here, dataDir }, async (site) => {
      for (let round = 0; round < task.faultsPerKind; round += 1)
        await strikeWatched(site, fullDisk, join(disk.path, 'ballast'))
    })
  } finally {
    await disk[Symbol.asyncDispose]()
  }
}

function missAll(task: CorrectnessTask, here: SiteOptions, reason: string): void {
  const recorder = openSiteHistory(task, here)
  recorder.note({ ...lineOf(fullDisk, { phase: 'missed', atMs: recorder.nowMs() }), reason })
  recorder.close()
}

async function strikeWatched(site: OpenSite, fault: Fault, ballastPath?: string): Promise<void> {
  if (site.task.signal.aborted) return
  const watch = watchMedium(site)
  try {
    await strike(site, fault, ballastPath)
  } finally {
    await watch.stop()
  }
  await inspect(site, false)
}
