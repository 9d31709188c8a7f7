import type { Strategy } from '../../src/strategy.js'
import { getThenDelete } from './parts/get-then-delete.js'

/**
 * `createCache()` as its quick start has it: the default store is in memory, so one process is all that is claimed. `del` says true
 * whether or not there was anything to delete: https://github.com/jaredwray/cacheable/tree/main/packages/cache-manager#readme
 */
const cacheManager: Strategy = {
  name: 'cache-manager',
  summary: 'cache-manager with its default store, in the memory of each worker: get, then del.',
  claims: { scope: 'process', singleUse: true, survives: 'nothing' },
  async open() {
    const { createCache } = await import('cache-manager')
    const cache = createCache()
    const entries = {
      get: (id: string) => cache.get<string>(id),
      set: (id: string, answer: string, ttlMs: number) => cache.set(id, answer, ttlMs),
      delete: (id: string) => cache.del(id),
    }
    return {
      ...getThenDelete(entries),
      async close() {
        await cache.disconnect()
      },
    }
  },
}

export default cacheManager
