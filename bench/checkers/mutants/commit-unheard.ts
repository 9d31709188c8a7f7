import type { Strategy } from '../../../src/strategy.js'
import { inSqlite } from './parts/in-sqlite.js'

/**
 * The mistake: `get()` on DELETE … RETURNING stops at the row. The commit comes with the end of the statement, and where it fails
 * nobody hears of it: the captcha is given out and still there. It was our own `sqlite` strategy's, found by this study.
 */
const commitUnheard: Strategy = {
  name: 'commit-unheard',
  summary: 'SQLite in WAL mode; one DELETE … RETURNING, of which the first row is read.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  ...inSqlite({ synchronous: 'NORMAL', busyTimeoutMs: 5_000 }, ({ database }) => {
    const remove = database
      .prepare<[string, number], string>(
        'DELETE FROM captchas WHERE id = ? AND expires_at > ? RETURNING answer',
      )
      .pluck()
    return { take: (id) => remove.get(id, Date.now()) }
  }),
}

export default commitUnheard
