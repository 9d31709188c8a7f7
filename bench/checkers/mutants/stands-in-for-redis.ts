import { createExpiringMap } from '../../../src/strategies/memory.js'
import redis from '../../../src/strategies/redis.js'
import type { Strategy } from '../../../src/strategy.js'
import { newId } from './parts/captcha.js'

/** The mistake: a captcha that Redis did not take is acknowledged all the same, and one worker knows it. */
const standsInForRedis: Strategy = {
  name: 'stands-in-for-redis',
  summary: 'Redis; memory helps out while it is away.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  engines: ['redis'],
  async open(worker) {
    const store = await redis.open(worker)
    const spare = createExpiringMap()
    return {
      async issue(answer, ttlMs) {
        try {
          return await store.issue(answer, ttlMs)
        } catch {
          const id = newId()
          spare.set(id, answer, ttlMs)
          return id
        }
      },
      read: (id) => spare.get(id) ?? store.read(id),
      take: (id) => spare.take(id) ?? store.take(id),
      async close() {
        spare.close()
        await store.close()
      },
    }
  },
}

export default standsInForRedis
