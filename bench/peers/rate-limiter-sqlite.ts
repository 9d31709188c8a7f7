import { join } from 'node:path'
import type { Strategy } from '../../src/strategy.js'
import { marksOf, oncePerToken } from './parts/limiter-marks.js'
import { createMarkedTokens } from './parts/marked-tokens.js'

/**
 * Claims what "all operations … use atomic increments" says (README), and what SQLite keeps:
 * https://github.com/animir/node-rate-limiter-flexible/wiki/SQLite
 */
const rateLimiterSqlite: Strategy = {
  name: 'rate-limiter-sqlite',
  summary: 'The id is the captcha, encrypted; rate-limiter-flexible counts uses in SQLite.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  async open({ dataDir, secret }) {
    const [{ RateLimiterSQLite }, { default: SqliteDatabase }] = await Promise.all([
      import('rate-limiter-flexible'),
      import('better-sqlite3'),
    ])
    const database = new SqliteDatabase(join(dataDir, 'limits.sqlite'))
    const limiter = await new Promise<InstanceType<typeof RateLimiterSQLite>>((resolve, reject) => {
      const made: InstanceType<typeof RateLimiterSQLite> = new RateLimiterSQLite(
        {
          storeClient: database,
          storeType: 'better-sqlite3',
          tableName: 'captchas',
          ...oncePerToken,
        },
        (error?: unknown) => (error ? reject(error) : queueMicrotask(() => resolve(made))),
      )
    })
    return { ...createMarkedTokens(secret, marksOf(limiter)), close: () => void database.close() }
  },
}

export default rateLimiterSqlite
