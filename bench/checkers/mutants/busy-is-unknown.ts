import { setTimeout as wait } from 'node:timers/promises'
import type { Strategy } from '../../../src/strategy.js'
import { newId } from './parts/captcha.js'
import { type CaptchaTable, openTable } from './parts/sqlite-table.js'

/**
 * The mistake: a take that finds the database locked answers "no such captcha". It finds it locked often, because an
 * issue keeps its transaction open over an await.
 */
const busyIsUnknown: Strategy = {
  name: 'busy-is-unknown',
  summary: 'SQLite in WAL mode; nobody waits for a lock.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  async host({ dataDir }) {
    const { database } = await openTable(dataDir, { synchronous: 'NORMAL', busyTimeoutMs: 0 })
    database.close()
    return { async close() {} }
  },
  async open({ dataDir, workerId }) {
    const table = await openTable(dataDir, { synchronous: 'NORMAL', busyTimeoutMs: 0 })
    const sweeper = workerId === 0 ? setInterval(() => unlessBusy(table.sweep), 1_000).unref() : undefined
    let turn: Promise<unknown> = Promise.resolve()

    /** One transaction at a time: all of a worker's statements go over one connection. */
    function inTurn<T>(act: () => T | Promise<T>): Promise<T> {
      const done = turn.then(act)
      turn = done.catch(() => undefined)
      return done
    }

    return {
      async issue(answer, ttlMs) {
        const id = newId()
        await inTurn(() => insertSlowly(table, () => table.insert(id, answer, Date.now() + ttlMs)))
        return id
      },
      read: table.select,
      take: (id) => inTurn(() => unlessBusy(() => table.remove(id))),
      async close() {
        clearInterval(sweeper)
        await turn
        table.database.close()
      },
    }
  },
}

async function insertSlowly({ database }: CaptchaTable, insert: () => void): Promise<void> {
  while (unlessBusy(() => database.exec('BEGIN IMMEDIATE')) === undefined) await wait(1 + Math.random() * 3)
  try {
    insert()
    await wait(3)
    database.exec('COMMIT')
  } catch (error) {
    if (database.inTransaction) database.exec('ROLLBACK')
    throw error
  }
}

function unlessBusy<T>(act: () => T): T | undefined {
  try {
    return act()
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'SQLITE_BUSY') return undefined
    throw error
  }
}

export default busyIsUnknown
