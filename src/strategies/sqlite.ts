import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { Database } from 'better-sqlite3'
import type { Strategy } from '../strategy.js'

const fileName = 'captchas.sqlite'

/** A worker that waits longer for the write lock answers 503. Waiting stops its event loop. */
const busyTimeoutMs = 5_000

/** Rows one sweep removes at once. */
const sweepPortion = 2_000

const schema = `
  CREATE TABLE IF NOT EXISTS captchas (
    id TEXT PRIMARY KEY,
    answer TEXT NOT NULL,
    expires_at INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS captchas_by_expiry ON captchas (expires_at);
`

/** WAL with synchronous=NORMAL keeps every commit when processes die, and may lose the last ones with the power. */
const sqlite: Strategy = {
  name: 'sqlite',
  summary: 'SQLite in WAL mode; one DELETE … RETURNING decides every take.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  async host({ dataDir }) {
    const database = await openDatabase(dataDir, fileName)
    database.pragma('journal_mode = WAL')
    database.exec(schema)
    database.close()
    return { close() {} }
  },
  async open({ dataDir, workerId }) {
    const database = await openDatabase(dataDir, fileName)
    const insert = database.prepare<[string, string, number]>('INSERT INTO captchas VALUES (?, ?, ?)')
    const select = database
      .prepare<[string, number], string>('SELECT answer FROM captchas WHERE id = ? AND expires_at > ?')
      .pluck()
    const remove = database
      .prepare<[string, number], string>(
        'DELETE FROM captchas WHERE id = ? AND expires_at > ? RETURNING answer',
      )
      .pluck()
    const sweep = database.prepare<[number]>(
      `DELETE FROM captchas WHERE id IN (SELECT id FROM captchas WHERE expires_at <= ? LIMIT ${sweepPortion})`,
    )
    const sweeper = workerId === 0 ? setInterval(sweepQuietly, 1_000).unref() : undefined
    let closed = false

    /** In portions, so that requests get their turn. A sweep that finds the lock taken is no failure: the next removes the same rows. */
    function sweepQuietly(): void {
      try {
        if (!closed && sweep.run(Date.now()).changes === sweepPortion) setImmediate(sweepQuietly)
      } catch {}
    }

    return {
      issue(answer, ttlMs) {
        const id = randomBytes(18).toString('base64url')
        insert.run(id, answer, Date.now() + ttlMs)
        return id
      },
      read: (id) => select.get(id, Date.now()),
      // Not get(): it stops at the row, and the commit that comes with the end of the statement fails unheard. On a full disk
      // a captcha was accepted twice that way; all() runs to the end and throws.
      take: (id) => remove.all(id, Date.now())[0],
      close() {
        clearInterval(sweeper)
        closed = true
        database.close()
      },
    }
  },
}

/**
 * @param fileName of the database, in `dataDir`
 * @throws when the library is missing, the file is no database, or SQLite's version is one that corrupts logs
 */
export async function openDatabase(dataDir: string, fileName: string): Promise<Database> {
  const { default: SqliteDatabase } = await import('better-sqlite3')
  const database = new SqliteDatabase(join(dataDir, fileName), { timeout: busyTimeoutMs })
  database.pragma('synchronous = NORMAL')
  assertSound(database)
  return database
}

/** Before 3.51.3 and 3.50.7 a reset of the write-ahead log could corrupt the database (sqlite.org, release notes of 3.51.3). */
function assertSound(database: Database): void {
  const version = String(database.prepare('SELECT sqlite_version()').pluck().get())
  const [major = 0, minor = 0, patch = 0] = version.split('.').map(Number)
  const sound = major > 3 || minor > 51 || (minor === 51 && patch >= 3) || (minor === 50 && patch >= 7)
  if (!sound)
    throw new Error(`expected SQLite 3.51.3 or later, got ${version}: its write-ahead log can be corrupted`)
}

export default sqlite
