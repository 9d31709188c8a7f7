import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Strategy } from '../../../src/strategy.js'

/** The limit of `sqlite`: its statements as better-sqlite3's documentation shows them; nothing ends and nothing is swept. */
const bareSqlite: Strategy = {
  name: 'bare-sqlite',
  summary: 'better-sqlite3 alone: INSERT, SELECT, DELETE … RETURNING by a random key.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  exhibit: 'A limit, not a store: no captcha ever ends.',
  async host({ dataDir }) {
    const database = await open(dataDir)
    database.pragma('journal_mode = WAL')
    database.exec('CREATE TABLE captchas (id TEXT PRIMARY KEY, answer TEXT) WITHOUT ROWID')
    database.close()
    return { close() {} }
  },
  async open({ dataDir }) {
    const database = await open(dataDir)
    const insert = database.prepare<[string, string]>('INSERT INTO captchas VALUES (?, ?)')
    const select = database.prepare<[string], string>('SELECT answer FROM captchas WHERE id = ?').pluck()
    const remove = database
      .prepare<[string], string>('DELETE FROM captchas WHERE id = ? RETURNING answer')
      .pluck()
    return {
      issue(answer) {
        const id = randomUUID()
        insert.run(id, answer)
        return id
      },
      read: (id) => select.get(id),
      take: (id) => remove.get(id),
      close: () => void database.close(),
    }
  },
}

async function open(dataDir: string) {
  const { default: Database } = await import('better-sqlite3')
  const database = new Database(join(dataDir, 'captchas.sqlite'), { timeout: 5_000 })
  database.pragma('synchronous = NORMAL')
  return database
}

export default bareSqlite
