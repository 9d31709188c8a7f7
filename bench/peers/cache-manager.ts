import type { Strategy } from '../../src/strategy.js'
import { newId } from './parts/key.js'

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
    const read = (id: string) => cache.get<string>(id)
    return {
      async issue(answer, ttlMs) {
        const id = newId()
        await cache.set(id, answer, ttlMs)
        return id
      },
      read,
      async take(id) {
        const answer = await read(id)
        if (answer === undefined) return undefined
        return (await cache.del(id)) ? answer : undefined
      },
      async close() {
        await cache.disconnect()
      },
    }
  },
}

export default cacheManager
