import { issue } from './captchas.js'
import { anyWorker } from './choose.js'
import type { Captcha } from './ledger.js'
import { followLife } from './lives.js'
import { type OpenSite, runSite } from './site.js'
import { type CorrectnessTask, pause } from './task.js'
import { measureVolume, settledVolume, type Volume } from './volume.js'

/** How many of a round's captchas are followed; the others only fill the store. */
const followedShare = 0.4

/** The longest to wait after the last captcha's end for the store to forget it, ms. */
const sweepLimitMs = 5_000

/** Captchas whose life is short: what they are when it is over, and what they leave behind. */
export function runExpiry(task: CorrectnessTask): Promise<void> {
  const options = {
    name: 'expiry',
    ttlMs: 1_500,
    limitMs: 10_000,
    checks: ['expiry', 'boundedness'],
  } as const
  return runSite(task, options, liveAndDie)
}

async function liveAndDie(site: OpenSite): Promise<void> {
  const { task, engines, recorder } = site
  const start = await measureAll(site)
  if (engines.engines.some(({ own }) => own === undefined)) {
    const reason = 'what a store leaves in an engine that is not ours was not counted'
    recorder.note({ kind: 'gap', atMs: recorder.nowMs(), checks: ['boundedness'], reason })
  }
  noteVolume(site, { when: 'start', captchas: 0, volume: start })
  for (let round = 1; round <= task.expiryRounds && !task.signal.aborted; round += 1)
    await runRound(site, round * task.expiring, start)
}

async function runRound(site: OpenSite, captchas: number, start: Volume): Promise<void> {
  const { task, ttlMs, random, client } = site
  const lives: Promise<void>[] = []
  let left = task.expiring

  async function fill(): Promise<void> {
    while (left > 0 && !task.signal.aborted) {
      left -= 1
      const captcha: Captcha | undefined = await issue(site, anyWorker(site))
      if (captcha !== undefined && random() < followedShare) lives.push(followLife(site, captcha))
    }
  }

  await Promise.all(Array.from({ length: client.connections }, fill))
  noteVolume(site, { when: 'full', captchas, volume: await measureAll(site) })
  await pause(ttlMs, task.signal)
  await Promise.all(lives)
  const wait = (ms: number) => pause(ms, task.signal)
  noteVolume(site, {
    when: 'end',
    captchas,
    volume: await settledVolume(() => measureAll(site), start, { limitMs: sweepLimitMs, wait }),
  })
}

async function measureAll({ dataDir, engines: { engines } }: OpenSite): Promise<Volume> {
  const counts = await Promise.all(engines.map(async ({ own }) => own?.records() ?? 0))
  const records = counts.reduce((sum, count) => sum + count, 0)
  return { ...(await measureVolume(dataDir)), ...(engines.length > 0 && { records }) }
}

interface Counted {
  readonly when: 'start' | 'full' | 'end'
  readonly captchas: number
  readonly volume: Volume
}

/** Of a store whose records are in somebody else's engine nothing is known. */
function noteVolume({ recorder, engines }: OpenSite, { when, captchas, volume }: Counted): void {
  if (engines.engines.some(({ own }) => own === undefined)) return
  recorder.note({ kind: 'volume', atMs: recorder.nowMs(), when, ...volume, captchas })
}
