import { randomBytes } from 'node:crypto'
import { setTimeout as wait } from 'node:timers/promises'
import { loadStrategy } from '../../src/load-strategy.js'
import type { CaptchaStore } from '../../src/strategy.js'
import { handedOver } from '../services/hand-over.js'
import { measureVolume } from './volume.js'

/**
 * A program of its own: what a strategy holds in memory, its half in the primary included, so both halves are in this one
 * process. Needs --expose-gc. Arguments: the strategy, a data directory, captchas per round, rounds. Prints a JSON line for
 * each count.
 */
const [module = '', dataDir = '', size = '', rounds = ''] = process.argv.slice(2)

const ttlMs = 300

/** The longest a round may take to issue its captchas, ms. */
const fillLimitMs = 4_000

/** Issues under way at once: enough for stores that commit in groups. */
const batch = 500

/** After the last captcha has ended: sweeps come every second. */
const sweepLimitMs = 5_000

/** Long enough for two sweeps, ms: a medium that does not shrink shows by nothing whether it has been swept. */
const sweepsMs = 2_200

/** What may stay: code that was compiled meanwhile is no captcha, and 20 000 ids alone are 3 MB. */
const remainder = 1_024 * 1_024

process.once('disconnect', () => process.exit(1))
const services = handedOver()
const strategy = await loadStrategy(module)
const place = { dataDir, workers: 1, secret: randomBytes(32), services } as const
const host = await strategy.host?.({ ...place, topology: 'processes', fleetHost: '127.0.0.1' })
const store = await strategy.open({
  ...place,
  workerId: 0,
  handoff: structuredClone(host?.handoff ?? null),
  call: async (message) => structuredClone(await host?.handle?.(structuredClone(message), 0)),
})
await measure(store)
await store.close()
await host?.close()
process.exit(0)

async function measure(store: CaptchaStore): Promise<void> {
  // The first round is for the compiler.
  await fill(store, Number(size))
  await wait(ttlMs + sweepsMs)
  const start = { heapBytes: heapBytes(), files: (await measureVolume(dataDir)).files }
  await print('start', 0)
  let captchas = 0
  for (let round = 1; round <= Number(rounds); round += 1) {
    captchas += await fill(store, Number(size))
    await print('full', captchas)
    await wait(ttlMs + sweepsMs)
    await settle(start)
    await print('end', captchas)
  }
}

/** @returns how many it issued: a store that rewrites all it holds is given no longer than others need */
async function fill(store: CaptchaStore, captchas: number): Promise<number> {
  const untilMs = performance.now() + fillLimitMs
  let issued = 0
  while (issued < captchas && performance.now() < untilMs) {
    const size = Math.min(batch, captchas - issued)
    await Promise.all(Array.from({ length: size }, async () => store.issue('ANSWER', ttlMs)))
    issued += size
  }
  return issued
}

/** Until it holds no more than in the beginning, or the time is up. */
async function settle(start: { readonly heapBytes: number; readonly files: number }): Promise<void> {
  const untilMs = performance.now() + sweepLimitMs
  while (performance.now() < untilMs) {
    const { files } = await measureVolume(dataDir)
    if (files <= start.files && heapBytes() <= start.heapBytes + remainder) return
    await wait(200)
  }
}

/** Buffers lie outside the heap. */
function heapBytes(): number {
  globalThis.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

async function print(when: 'start' | 'full' | 'end', captchas: number): Promise<void> {
  const line = { when, ...(await measureVolume(dataDir)), heapBytes: heapBytes(), captchas }
  // On a line of its own, whatever the store has printed.
  process.stdout.write(`\n${JSON.stringify(line)}\n`)
}
