import type { CaptchaStore, Strategy } from '../../../../src/strategy.js'
import { newId } from './captcha.js'
import { type CaptchaTable, openTable, type TableOptions } from './sqlite-table.js'

/**
 * Both halves of a strategy over one SQLite table; each statement is a transaction of its own. Sound.
 * @param changed what a strategy does otherwise with it
 */
export function inSqlite(
  options: TableOptions,
  changed: (table: CaptchaTable) => Partial<CaptchaStore> = () => ({}),
): Required<Pick<Strategy, 'host' | 'open'>> {
  return {
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
        ...changed(table),
      }
    },
  }
}
