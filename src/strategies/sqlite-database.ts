import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Database } from 'better-sqlite3'
import type { Awaitable } from '../strategy.js'

/** Rows one sweep removes at once, so that requests get their turn. */
export const sweepPortion = 2_000

/** A request that waits longer for the write lock is answered 503. */
const busyLimitMs = 5_000

/**
 * Pauses between the first attempts at a lock, ms. Somebody writes for 20 µs. SQLite's own wait begins with a whole millisecond, in
 * which nothing else of the worker runs: one request in ten met it.
 */
const pausesMs = [0, 0.02, 0.05, 0.1, 0.2, 0.5] as const

/** After those, others get their turn meanwhile; ms. */
const laterMs = 2

/** A page holds a dozen captchas, and each commit writes whole pages; as many bytes between checkpoints as by default. */
const [pageBytes, pagesBetweenCheckpoints] = [1_024, 4_000]

/**
 * A database in WAL mode, which keeps every commit when processes die, and with synchronous=NORMAL may lose the last ones with the
 * power. Its statements wait for locks until `stopWaiting`.
 * @param fileName of the database, in `dataDir`
 * @throws when the library is missing, the file is no database, or SQLite's version is one that corrupts logs
 */
export async function openDatabase(dataDir: string, fileName: string): Promise<Database> {
  const { default: SqliteDatabase } = await import('better-sqlite3')
  const database = new SqliteDatabase(join(dataDir, fileName), { timeout: busyLimitMs })
  database.pragma('synchronous = NORMAL')
  database.pragma(`wal_autocheckpoint = ${pagesBetweenCheckpoints}`)
  assertSound(database)
  return database
}

/** Makes what the workers will open. */
export async function makeDatabase(
  dataDir: string,
  fileName: string,
  fill: (database: Database) => void,
): Promise<void> {
  const database = await openDatabase(dataDir, fileName)
  try {
    database.pragma(`page_size = ${pageBytes}`)
    database.pragma('journal_mode = WAL')
    fill(database)
  } finally {
    database.close()
  }
}

/** From now on a statement that meets a lock throws at once: `insist` waits better. */
export function stopWaiting(database: Database): void {
  database.pragma('busy_timeout = 0')
}

/**
 * One statement, again and again while others hold the lock.
 * @throws what the statement throws; after 5 s that the database is busy
 */
export function insist<T>(attempt: () => T): Awaitable<T> {
  try {
    return press(attempt)
  } catch (error) {
    if (!isBusy(error)) throw error
    return insistLater(attempt, performance.now() + busyLimitMs)
  }
}

/** The first attempts alone. Their errors say what they say without a stack trace, which costs more than to wait for the lock. */
function press<T>(attempt: () => T): T {
  const { stackTraceLimit } = Error
  Error.stackTraceLimit = 0
  try {
    return pressOn(attempt)
  } finally {
    Error.stackTraceLimit = stackTraceLimit
  }
}

function pressOn<T>(attempt: () => T): T {
  let met: unknown
  for (const pauseMs of pausesMs) {
    try {
      return attempt()
    } catch (error) {
      if (!isBusy(error)) throw error
      met = error
      Atomics.wait(bell, 0, 0, pauseMs)
    }
  }
  throw met
}

/** Nobody rings it: it is there to be waited for. */
const bell = new Int32Array(new SharedArrayBuffer(4))

async function insistLater<T>(attempt: () => T, untilMs: number): Promise<T> {
  for (;;) {
    await wait(laterMs)
    try {
      return attempt()
    } catch (error) {
      if (!isBusy(error) || performance.now() > untilMs) throw error
    }
  }
}

function isBusy(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('SQLITE_BUSY')
}

/**
 * Every second, in portions. A sweep that finds the lock taken, or fails, is made up for by the next: it removes the same rows.
 * @param remove one portion of what has ended by a time, in milliseconds since 1970; says how many
 * @returns what ends it
 */
export function startSweeper(remove: (now: number) => number): () => void {
  const timer = setInterval(sweep, 1_000).unref()
  let stopped = false

  function sweep(): void {
    try {
      if (!stopped && press(() => remove(Date.now())) === sweepPortion) setImmediate(sweep)
    } catch {}
  }

  return () => {
    stopped = true
    clearInterval(timer)
  }
}

/** Before 3.51.3 and 3.50.7 a reset of the write-ahead log could corrupt the database (sqlite.org, release notes of 3.51.3). */
function assertSound(database: Database): void {
  const version = String(database.prepare('SELECT sqlite_version()').pluck().get())
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
  const sound = major > 3 || minor > 51 || (minor === 51 && patch >= 3) || (minor === 50 && patch >= 7)
  if (!sound)
    throw new Error(`expected SQLite 3.51.3 or later, got ${version}: its write-ahead log can be corrupted`)
}
