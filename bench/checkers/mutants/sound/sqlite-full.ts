import type { Strategy } from '../../../../src/strategy.js'
import { newId } from '../parts/captcha.js'
import { openTable } from '../parts/sqlite-table.js'

const options = { synchronous: 'FULL', busyTimeoutMs: 5_000 } as const

/** Sound: each statement is a transaction, synced before it is acknowledged. */
const sqliteFull: Strategy = {
  name: 'sqlite-full',
  summary: 'SQLite in WAL mode, synced with every commit.',
  claims: { scope: 'host', singleUse: true, survives: 'power-loss' },
  async host({ dataDir }) {
    const { database } = await openTable(dataDir, options)
    database.close()
    return { async close() {} }
  },
  async open({ dataDir, workerId }) {
    const table = await openTable(dataDir, options)
    const sweeper = workerId === 0 ? setInterval(sweepQuietly, 1_000).unref() : undefined

    /** A failed sweep is no harm: the next removes the same rows. */
    function sweepQuietly(): void {
      try {
        table.sweep()
      } catch {}
    }

    return {
      issue(answer, ttlMs) {
        const id = newId()
        table.insert(id, answer, Date.now() + ttlMs)
        return id
      },
      read: table.select,
      take: table.remove,
      close() {
        clearInterval(sweeper)
        table.database.close()
      },
    }
  },
}

export default sqliteFull
