import { createHmac, randomBytes } from 'node:crypto'
import type { Strategy } from '../strategy.js'
import {
  insist,
  makeDatabase,
  openDatabase,
  startSweeper,
  stopWaiting,
  sweepPortion,
} from './sqlite-database.js'
import { createSealer, tokenName } from './token.js'

const fileName = 'used-tokens.sqlite'

/**
 * Expiry first: a sweep takes rows from the beginning of the tree and needs no index. `pruned_until` is the end of the last
 * sweep, `birth` 16 random bytes: see below.
 */
const schema = `
  CREATE TABLE IF NOT EXISTS used (
    expires_at INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (expires_at, name)
  ) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS state (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    birth BLOB NOT NULL,
    pruned_until INTEGER NOT NULL
  );
`

/**
 * The token says whether it was issued, one row in the used-set whether it was taken.
 *
 * A used-set that forgets accepts a token twice, so it must not: (1) what has been pruned is named by `pruned_until`, and
 * nothing that ended before it can be marked any more, in whatever worker, whatever its clock says; (2) the key is derived
 * from bytes that were born with the set, so a set that is lost, or another host's, takes its tokens with it.
 */
const tokenSqlite: Strategy = {
  name: 'token-sqlite',
  summary: 'The encrypted token, and a set of used ones in SQLite: one INSERT OR IGNORE decides every take.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  async host({ dataDir }) {
    await makeDatabase(dataDir, fileName, (database) => {
      database.exec(schema)
      database.prepare('INSERT OR IGNORE INTO state VALUES (1, ?, 0)').run(randomBytes(16))
    })
    return { close() {} }
  },
  async open({ dataDir, workerId, secret }) {
    const database = await openDatabase(dataDir, fileName)
    const birth = database.prepare<[], Buffer>('SELECT birth FROM state').pluck().get()
    if (birth === undefined) throw new Error(`${fileName}: expected the bytes it was born with, found none`)
    const { seal, open } = createSealer(createHmac('sha256', secret).update(birth).digest())
    const mark = database.prepare<{ expiresAt: number; name: string }>(
      `INSERT OR IGNORE INTO used SELECT :expiresAt, :name FROM state WHERE pruned_until < :expiresAt`,
    )
    const isUsed = database
      .prepare<[number, string], number>('SELECT 1 FROM used WHERE expires_at = ? AND name = ?')
      .pluck()
    const prune = database.prepare<[number]>(
      `DELETE FROM used WHERE (expires_at, name) IN
        (SELECT expires_at, name FROM used WHERE expires_at <= ? ORDER BY expires_at LIMIT ${sweepPortion})`,
    )
    const raise = database.prepare<[number]>('UPDATE state SET pruned_until = max(pruned_until, ?)')
    const sweep = database.transaction((now: number) => {
      const { changes } = prune.run(now)
      if (changes > 0) raise.run(now)
      return changes
    })
    stopWaiting(database)
    const stopSweeper = workerId === 0 ? startSweeper((now) => sweep.immediate(now)) : undefined

    return {
      issue: seal,
      read(id) {
        const token = open(id)
        if (token === undefined) return undefined
        return insist(() => (isUsed.get(token.expiresAt, tokenName(id)) === 1 ? undefined : token.answer))
      },
      take(id) {
        const token = open(id)
        if (token === undefined) return undefined
        const row = { expiresAt: token.expiresAt, name: tokenName(id) }
        return insist(() => (mark.run(row).changes === 1 ? token.answer : undefined))
      },
      close() {
        stopSweeper?.()
        database.close()
      },
    }
  },
}

export default tokenSqlite
