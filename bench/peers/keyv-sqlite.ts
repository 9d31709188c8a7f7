import { join } from 'node:path'
import type { Strategy } from '../../src/strategy.js'
import { getThenDelete } from './parts/get-then-delete.js'

/**
 * A database file that several workers open: claimed are the host and a restart. "`.delete` … returns a promise which resolves to
 * `true` if the key existed, `false` if not" (keyv's README) is what a take that happens once can be made of:
 * https://github.com/jaredwray/keyv/tree/main/storage/sqlite#readme
 */
const keyvSqlite: Strategy = {
  name: 'keyv-sqlite',
  summary: 'keyv with @keyv/sqlite: get, then delete, which says whether there was something to delete.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  async open({ dataDir }) {
    const [{ Keyv }, { KeyvSqlite }] = await Promise.all([import('keyv'), import('@keyv/sqlite')])
    // Its README passes busyTimeout as a second argument, which the constructor does not have.
    const store = new KeyvSqlite({ uri: `sqlite://${join(dataDir, 'keyv.sqlite')}`, busyTimeout: 10_000 })
    const keyv = new Keyv<string>({ store, throwOnErrors: true })
    keyv.on('error', () => undefined)
    return { ...getThenDelete(keyv), close: () => keyv.disconnect() }
  },
}

export default keyvSqlite
