import type { Strategy } from '../../../../src/strategy.js'
import { inSqlite } from '../parts/in-sqlite.js'

/** Sound: each statement is a transaction, synced before it is acknowledged. */
const sqliteFull: Strategy = {
  name: 'sqlite-full',
  summary: 'SQLite in WAL mode, synced with every commit.',
  claims: { scope: 'host', singleUse: true, survives: 'power-loss' },
  ...inSqlite({ synchronous: 'FULL', busyTimeoutMs: 5_000 }),
}

export default sqliteFull
