import { closeSync, existsSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import type { RootDatabase } from 'lmdb'
import { drawBytes } from '../draw-bytes.js'
import type { CaptchaStore, Strategy } from '../strategy.js'
import { answerWorkers, askPrimary } from './manager.js'

/** `<ms of expiry in base 36>-<144 random bits>`: keys lie in order of expiry, so a sweep reads from the beginning and no further. */
const idShape = /^[0-9a-z]{9}-[A-Za-z0-9_-]{24}$/

/**
 * Address space, not room on disk: the file grows with its contents. lmdb-js enlarges a map that is full, so this is no
 * bound. A captcha takes up to 150 bytes.
 */
const mapBytes = 2 ** 30

/** Captchas the environment holds before `issue` fails. */
const defaultCapacity = 4_000_000

/** Issues between two counts. */
const countEvery = 256

/** Captchas one sweep removes at once. */
const sweepPortion = 1_000

type Environment = RootDatabase<unknown, string>

/**
 * @param capacity captchas it holds, those not yet swept included
 *
 * One environment for all workers, open in the primary alone. LMDB is made for many processes, but the one in lmdb 3.5.6 has
 * ITS#9496: whoever opens an environment sets its newest transaction back to the one read a moment before, without the
 * writers' lock, and what was committed in between is lost. A worker that replaced a crashed one lost the captchas of others
 * that way; processes that do nothing but open it corrupt an environment under write within seconds. Two servers must not
 * share a data directory for the same reason.
 *
 * Transactions are synchronous: alone, 26 µs a put or take with `noSync` on a busy machine, where a synced one took 7 ms. Of
 * the library's asynchronous ones, `transaction()` under `noSync` never settled, nor did any put after it. A commit is in the
 * page cache when it returns: it outlives every process, not the power.
 */
export function createLmdb(capacity: number): Strategy {
  return {
    name: 'lmdb',
    summary: 'LMDB in the cluster primary, asked over a socket pair; whoever removes the entry has taken it.',
    claims: { scope: 'host', singleUse: true, survives: 'restart' },
    async host({ dataDir }) {
      return answerWorkers(createStore(await openEnvironment(dataDir), capacity))
    },
    open: ({ call }) => askPrimary(call),
  }
}

function createStore(captchas: Environment, capacity: number): CaptchaStore {
  const sweeper = setInterval(sweepQuietly, 1_000).unref()
  let closed = false
  let untilCount = 0

  /** While it is full every issue counts, so that it goes on as soon as there is room. */
  function assertRoom(): void {
    untilCount -= 1
    if (untilCount > 0) return
    const { entryCount }: { entryCount?: unknown } = captchas.getStats()
    if (typeof entryCount !== 'number') throw new Error('expected the number of entries from LMDB, got none')
    if (entryCount >= capacity)
      throw new Error(`expected fewer than ${capacity} captchas, found ${entryCount}: the store is full`)
    untilCount = Math.min(countEvery, capacity - entryCount)
  }

  function readAlive(id: string): string | undefined {
    if (!idShape.test(id) || expiryOf(id) <= Date.now()) return undefined
    const answer = captchas.get(id)
    if (answer === undefined || typeof answer === 'string') return answer
    throw new Error(`expected text in the environment, got ${typeof answer}`)
  }

  /** One portion; the next gets its turn after the requests that wait. */
  function sweepQuietly(): void {
    if (closed) return
    try {
      if (sweep(captchas) === sweepPortion) setImmediate(sweepQuietly)
    } catch {
      // The next sweep removes the same entries.
    }
  }

  return {
    issue(answer, ttlMs) {
      assertRoom()
      const id = `${keyOf(Math.floor(Date.now() + ttlMs))}-${drawBytes(18).toString('base64url')}`
      captchas.putSync(id, answer)
      return id
    },
    read: readAlive,
    take(id) {
      const answer = readAlive(id)
      // Not remove(): that one resolves true whether or not there was an entry.
      return answer !== undefined && captchas.removeSync(id) ? answer : undefined
    },
    async close() {
      clearInterval(sweeper)
      closed = true
      await captchas.close()
    },
  }
}

/** @throws when there is a file that is no environment: the library would end the process, or make an empty one of it */
async function openEnvironment(dataDir: string): Promise<Environment> {
  const { open } = await import('lmdb')
  const path = join(dataDir, 'captchas-lmdb')
  assertWhole(join(path, 'data.mdb'))
  return open({ path, encoding: 'string', cache: false, noSync: true, mapSize: mapBytes })
}

/** The first two pages of an environment describe it; both begin with the magic number, and the first holds the size of a page. */
function assertWhole(path: string): void {
  if (!existsSync(path)) return
  const file = openSync(path, 'r')
  const words = new Uint32Array(16)
  const isMeta = (position: number) =>
    readSync(file, words, 0, words.byteLength, position) === words.byteLength && words[6] === 0xbe_ef_c0_de
  try {
    if (isMeta(0) && isMeta(words[12] ?? 0)) return
  } finally {
    closeSync(file)
  }
  throw new Error(`${path}: expected an LMDB environment, found something else; restore or remove it by hand`)
}

/** @returns how many it removed */
function sweep(captchas: Environment): number {
  const over = [...captchas.getKeys({ end: keyOf(Date.now()), limit: sweepPortion })]
  if (over.length > 0)
    captchas.transactionSync(() => {
      for (const id of over) captchas.removeSync(id)
    })
  return over.length
}

/** Nine digits last until the year 5188; beside the clock and settings of a server nothing reaches further. */
function keyOf(timeMs: number): string {
  return timeMs.toString(36).padStart(9, '0')
}

function expiryOf(id: string): number {
  return Number.parseInt(id.slice(0, 9), 36)
}

export default createLmdb(defaultCapacity)
