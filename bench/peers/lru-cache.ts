import type { Strategy } from '../../src/strategy.js'
import { newId } from './parts/key.js'

/**
 * Claims what its documentation describes, a cache in one process. `get`, then `delete`, both synchronous. Bounded by its lifetimes
 * (`ttl`, `ttlAutopurge`) and not by `max`, which evicts captchas that still live: https://github.com/isaacs/node-lru-cache#readme
 */
const lruCache: Strategy = {
  name: 'lru-cache',
  summary: 'lru-cache in each worker: get, then delete.',
  claims: { scope: 'process', singleUse: true, survives: 'nothing' },
  async open() {
    const { LRUCache } = await import('lru-cache')
    const cache = new LRUCache<string, string>({ ttl: 120_000, ttlAutopurge: true })
    return {
      issue(answer, ttlMs) {
        const id = newId()
        cache.set(id, answer, { ttl: ttlMs })
        return id
      },
      read: (id) => cache.get(id),
      take(id) {
        const answer = cache.get(id)
        cache.delete(id)
        return answer
      },
      close: () => cache.clear(),
    }
  },
}

export default lruCache
