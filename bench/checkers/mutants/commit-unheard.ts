import type { Strategy } from '../../../src/strategy.js'
import { newId } from './parts/captcha.js'
import { openTable } from './parts/sqlite-table.js'

const options = { synchronous: 'NORMAL', busyTimeoutMs: 5_000 } as const

/**
 * The mistake: `get()` on DELETE … RETURNING stops at the row. The commit comes with the end of the statement, and where it fails
 * nobody hears of it: the captcha is given out and still there. It was our own `sqlite` strategy's, found by this study.
 */
const commitUnheard: Strategy = {
  name: 'commit-unheard',
  summary: 'SQLite in WAL mode; one DELETE … RETURNING, of which the first row is read.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  async host({ dataDir }) {
    const { database } = await openTable(dataDir, options)
    database.close()
    return { async close() {} }
  },
  async open({ dataDir }) {
    const { database, insert, select, sweep } = await openTable(dataDir, options)
    const remove = database
      .prepare<[string, number], string>(
        'DELETE FROM captchas WHERE id = ? AND expires_at > ? RETURNING answer',
      )
      .pluck()
    const sweeper = setInterval(sweepQuietly, 1_000).unref()

    function sweepQuietly(): void {
      try {
        sweep()
      } catch {}
    }

    return {
      issue(answer, ttlMs) {
        const id = newId()
        insert(id, answer, Date.now() + ttlMs)
        return id
      },
      read: select,
      take: (id) => remove.get(id, Date.now()),
      close() {
        clearInterval(sweeper)
        database.close()
      },
    }
  },
}

export default commitUnheard
