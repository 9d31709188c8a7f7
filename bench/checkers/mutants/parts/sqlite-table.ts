import { join } from 'node:path'
import type { Database } from 'better-sqlite3'

export interface TableOptions {
  readonly synchronous: 'NORMAL' | 'FULL'
  /** How long a statement waits for the lock of another process; it blocks the worker while it does. */
  readonly busyTimeoutMs: number
}

/** The sound statements on one table in WAL mode; each is one transaction unless one is open. */
export interface CaptchaTable {
  readonly database: Database
  insert(id: string, answer: string, expiresAt: number): void
  select(id: string): string | undefined
  /** Removes and returns: one caller gets it. */
  remove(id: string): string | undefined
  /** Removes what has expired. */
  sweep(): void
}

/** Opens the table and makes it if there is none. The library is imported here: it may be missing. */
export async function openTable(
  dataDir: string,
  { synchronous, busyTimeoutMs }: TableOptions,
): Promise<CaptchaTable> {
  const { default: SqliteDatabase } = await import('better-sqlite3')
  const database = new SqliteDatabase(join(dataDir, 'captchas.sqlite'), { timeout: 5_000 })
  database.pragma('journal_mode = WAL')
  database.pragma(`synchronous = ${synchronous}`)
  database.exec(
    'CREATE TABLE IF NOT EXISTS captchas (id TEXT PRIMARY KEY, answer TEXT NOT NULL, expires_at INTEGER NOT NULL)',
  )
  database.pragma(`busy_timeout = ${busyTimeoutMs}`)
  const insert = database.prepare<[string, string, number]>('INSERT INTO captchas VALUES (?, ?, ?)')
  const select = database
    .prepare<[string, number], string>('SELECT answer FROM captchas WHERE id = ? AND expires_at > ?')
    .pluck()
  const remove = database
    .prepare<[string, number], string>(
      'DELETE FROM captchas WHERE id = ? AND expires_at > ? RETURNING answer',
    )
    .pluck()
  const sweep = database.prepare<[number]>('DELETE FROM captchas WHERE expires_at <= ?')
  return {
    database,
    insert: (id, answer, expiresAt) => void insert.run(id, answer, expiresAt),
    select: (id) => select.get(id, Date.now()),
    // To the end of the statement, whose commit may fail: see src/strategies/sqlite.ts.
    remove: (id) => remove.all(id, Date.now())[0],
    sweep: () => void sweep.run(Date.now()),
  }
}
