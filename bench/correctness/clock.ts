import { join } from 'node:path'
import { packageRoot, skewedModule } from '../paths.js'
import { issue } from './captchas.js'
import { anyWorker } from './choose.js'
import { followLife } from './lives.js'
import { type OpenSite, runSite } from './site.js'
import { type CorrectnessTask, pause } from './task.js'

const ttlMs = 2_500

/** How far the worker's clock is ahead, or behind, ms: far more than requests take, far less than a life. */
const skewMs = 1_000

/** Captchas issued each time, and how long apart: their lives overlap. */
const [portion, portionMs] = [40, 400]

/** One worker's wall clock is off. */
export function runClock(task: CorrectnessTask): Promise<void> {
  const worker = Math.min(1, task.workers - 1)
  const aheadMs = task.seed % 2 === 0 ? skewMs : -skewMs
  const options = {
    name: 'clock',
    ttlMs,
    limitMs: 10_000,
    checks: ['expiry'],
    strategy: join(packageRoot, skewedModule),
    env: { SKEWED_STRATEGY: task.strategy, SKEWED_WORKER: String(worker), SKEW_MS: String(aheadMs) },
  } as const
  return runSite(task, options, (site) => liveSkewed(site, worker, aheadMs))
}

async function liveSkewed(site: OpenSite, worker: number, aheadMs: number): Promise<void> {
  const { task, recorder } = site
  recorder.note({
    kind: 'fault',
    fault: 'clock-skew',
    of: 'clock',
    phase: 'start',
    atMs: recorder.nowMs(),
    loses: 'nothing',
    workers: [worker],
    skewMs: aheadMs,
  })
  const lives: Promise<void>[] = []
  async function liveOne(): Promise<void> {
    const captcha = await issue(site, anyWorker(site))
    if (captcha !== undefined) lives.push(followLife(site, captcha))
  }
  for (let round = 0; round < 2 * task.faultsPerKind && !task.signal.aborted; round += 1) {
    await Promise.all(Array.from({ length: portion }, liveOne))
    await pause(portionMs, task.signal)
  }
  await Promise.all(lives)
}
