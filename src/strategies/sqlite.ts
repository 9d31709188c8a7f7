import { drawBytes } from '../draw-bytes.js'
import type { Strategy } from '../strategy.js'
import {
  insist,
  makeDatabase,
  openDatabase,
  startSweeper,
  stopWaiting,
  sweepPortion,
} from './sqlite-database.js'

const fileName = 'captchas.sqlite'

/** A key is when the captcha ends, in milliseconds since 1970, before what nobody can guess; its base64url is the id. */
const [expiryBytes, randomLength] = [6, 18]
const keyBytes = expiryBytes + randomLength
const idLength = (keyBytes * 4) / 3

/**
 * In the order in which captchas end, which is that in which they come: one is written where the last one was, and a sweep takes
 * the beginning of the tree. Random keys and an index by expiry wrote two or three pages for each commit, this writes one.
 */
const schema = `
  CREATE TABLE IF NOT EXISTS captchas (
    key BLOB PRIMARY KEY,
    answer TEXT NOT NULL
  ) WITHOUT ROWID;
`

const sqlite: Strategy = {
  name: 'sqlite',
  summary: 'SQLite in WAL mode; one DELETE … RETURNING decides every take.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  async host({ dataDir }) {
    await makeDatabase(dataDir, fileName, (database) => database.exec(schema))
    return { close() {} }
  },
  async open({ dataDir, workerId }) {
    const database = await openDatabase(dataDir, fileName)
    const insert = database.prepare<[Buffer, string]>('INSERT INTO captchas VALUES (?, ?)')
    const select = database.prepare<[Buffer], string>('SELECT answer FROM captchas WHERE key = ?').pluck()
    const remove = database
      .prepare<[Buffer], string>('DELETE FROM captchas WHERE key = ? RETURNING answer')
      .pluck()
    const sweep = database.prepare<[Buffer]>(
      `DELETE FROM captchas WHERE key IN (SELECT key FROM captchas WHERE key < ? ORDER BY key LIMIT ${sweepPortion})`,
    )
    stopWaiting(database)
    const stopSweeper =
      workerId === 0
        ? startSweeper((now) => sweep.run(endingAt(now + 1, Buffer.alloc(keyBytes))).changes)
        : undefined
    return {
      issue(answer, ttlMs) {
        const key = endingAt(Date.now() + ttlMs, drawBytes(keyBytes))
        const id = key.toString('base64url')
        return insist(() => {
          insert.run(key, answer)
          return id
        })
      },
      read(id) {
        const key = liveKey(id)
        return key && insist(() => select.get(key))
      },
      take(id) {
        const key = liveKey(id)
        // Not get(): it stops at the row, and the commit that comes with the end of the statement fails unheard. On a full disk
        // a captcha was accepted twice that way; all() runs to the end and throws.
        return key && insist(() => remove.all(key)[0])
      },
      close() {
        stopSweeper?.()
        database.close()
      },
    }
  },
}

/** @param key of which the first bytes are overwritten */
function endingAt(expiresAt: number, key: Buffer): Buffer {
  key.writeUIntBE(Math.floor(expiresAt), 0, expiryBytes)
  return key
}

/** @returns nothing for what no captcha here can be called, or whose captcha has ended: an id that was altered is nowhere a key */
function liveKey(id: string): Buffer | undefined {
  if (id.length !== idLength) return undefined
  const key = Buffer.from(id, 'base64url')
  return key.length === keyBytes && key.readUIntBE(0, expiryBytes) > Date.now() ? key : undefined
}

export default sqlite
