import { join } from 'node:path'
import type { Strategy } from '../../src/strategy.js'
import { newId } from './parts/key.js'

/**
 * "`take(key)`: takes a value from the cache and deletes it" (README), over a primary store that several workers share: without a
 * layer of memory above it, which could only be stale. Claimed are the host and a restart:
 * https://github.com/jaredwray/cacheable/tree/main/packages/cacheable#api
 */
const cacheable: Strategy = {
  name: 'cacheable',
  summary: 'cacheable over keyv with @keyv/sqlite: take().',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  async open({ dataDir }) {
    const [{ Cacheable, Keyv }, { KeyvSqlite }] = await Promise.all([
      import('cacheable'),
      import('@keyv/sqlite'),
    ])
    const store = new KeyvSqlite({ uri: `sqlite://${join(dataDir, 'keyv.sqlite')}`, busyTimeout: 10_000 })
    const cache = new Cacheable({ primary: new Keyv({ store }) })
    cache.on('error', () => undefined)
    return {
      async issue(answer, ttlMs) {
        const id = newId()
        if (!(await cache.set(id, answer, ttlMs))) throw new Error('expected it to be set, got false')
        return id
      },
      read: (id) => cache.get<string>(id),
      take: (id) => cache.take<string>(id),
      close: () => cache.disconnect(),
    }
  },
}

export default cacheable
