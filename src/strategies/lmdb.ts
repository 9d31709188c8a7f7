import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, openSync, readSync } from 'node:fs'
import { join } from 'node:path'
import type { RootDatabase } from 'lmdb'
import type { Strategy } from '../strategy.js'

/** `<ms of expiry in base 36>-<144 random bits>`: keys lie in order of expiry, so a sweep reads from the beginning and no further. */
const idShape = /^[0-9a-z]{9}-[A-Za-z0-9_-]{24}$/

/**
 * Address space, not room on disk: the file grows with its contents. lmdb-js enlarges a map that is full, so this is no
 * bound, and mapping anew under other workers' reads is what it spares. A captcha takes up to 150 bytes.
 */
const mapBytes = 2 ** 30

/** One for each of up to 256 workers and its predecessor; the library's 126 would leave the others without a reading transaction. */
const maxReaders = 512

/** Captchas the environment holds before `issue` fails. */
const defaultCapacity = 4_000_000

/** Issues of one worker between two counts. */
const countEvery = 256

/** Captchas one sweep removes at once. */
const sweepPortion = 1_000

/**
 * @param capacity captchas it holds, those not yet swept included; a worker may exceed it by 256
 *
 * Transactions are synchronous and one operation long: alone, 26 µs a put or take with `noSync` on a busy machine, where a
 * synced one took 7 ms. Of lmdb 3.5.6's asynchronous ones, `transaction()` under `noSync` never settled, nor did any put
 * after it; a batch that cannot begin leaves its promises pending, and one that fails rejects a second promise nobody holds.
 * A commit is in the page cache when it returns: it outlives every process, not the power. A worker stopped in its
 * transaction stops every writer until it goes on or dies.
 */
export function createLmdb(capacity: number): Strategy {
  return {
    name: 'lmdb',
    summary: 'LMDB, one environment for all workers; whoever removes the entry has taken it.',
    claims: { scope: 'host', singleUse: true, survives: 'restart' },
    async host({ dataDir }) {
      const { open } = await import('lmdb')
      if (existsSync(fileIn(dataDir))) assertWhole(fileIn(dataDir))
      else await open(settings(dataDir)).close()
      return { close() {} }
    },
    async open({ dataDir, workerId }) {
      const captchas = await openEnvironment(dataDir)
      const sweeper = workerId === 0 ? setInterval(sweepQuietly, 1_000).unref() : undefined
      let closed = false
      let untilCount = 0

      /** While it is full every issue counts, so that it goes on as soon as there is room. */
      function assertRoom(): void {
        untilCount -= 1
        if (untilCount > 0) return
        const { entryCount } = statsOf(captchas)
        if (entryCount >= capacity)
          throw new Error(`expected fewer than ${capacity} captchas, found ${entryCount}: the store is full`)
        untilCount = Math.min(countEvery, capacity - entryCount)
      }

      /** Reads of one turn of the event loop share a snapshot, which would be older than the request. */
      function readAlive(id: string): string | undefined {
        if (!idShape.test(id) || expiryOf(id) <= Date.now()) return undefined
        captchas.resetReadTxn()
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
          const expiresAt = Math.floor(Date.now() + ttlMs)
          const id = `${keyOf(expiresAt)}-${randomBytes(18).toString('base64url')}`
          captchas.putSync(id, answer)
          return id
        },
        read: readAlive,
        take(id) {
          const answer = readAlive(id)
          // What is under an id never changes, so the answer is the one that was removed; only the remover gets it.
          return answer !== undefined && captchas.removeSync(id) ? answer : undefined
        },
        async close() {
          clearInterval(sweeper)
          closed = true
          await captchas.close()
        },
      }
    },
  }
}

/** The library makes a new environment where it finds none, and for a damaged one it ends the process instead of throwing. */
async function openEnvironment(dataDir: string): Promise<RootDatabase<unknown, string>> {
  const { open } = await import('lmdb')
  assertWhole(fileIn(dataDir))
  return open(settings(dataDir))
}

function settings(dataDir: string) {
  const path = join(dataDir, 'captchas-lmdb')
  return { path, encoding: 'string', cache: false, noSync: true, mapSize: mapBytes, maxReaders } as const
}

function fileIn(dataDir: string): string {
  return join(dataDir, 'captchas-lmdb', 'data.mdb')
}

/** The first two pages of an environment describe it; both begin with the magic number, and the first holds the size of a page. */
function assertWhole(path: string): void {
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

function statsOf(captchas: RootDatabase<unknown, string>): { readonly entryCount: number } {
  const { entryCount }: { entryCount?: unknown } = captchas.getStats()
  if (typeof entryCount === 'number') return { entryCount }
  throw new Error('expected the number of entries from LMDB, got none')
}

/** @returns how many it removed */
function sweep(captchas: RootDatabase<unknown, string>): number {
  captchas.resetReadTxn()
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
