import { setTimeout as wait } from 'node:timers/promises'
import redis from '../../../src/strategies/redis.js'
import type { Strategy } from '../../../src/strategy.js'

const tries: number = 20
const betweenMs = 100

/** The mistake: a take that had no answer in time is sent again, as if the first had done nothing. */
const repeatsTakes: Strategy = {
  name: 'repeats-takes',
  summary: 'Redis; what fails is tried again.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  engines: ['redis'],
  async open(worker) {
    const store = await redis.open(worker)

    async function take(id: string): Promise<string | undefined> {
      for (let left = tries; ; left -= 1) {
        try {
          return await store.take(id)
        } catch (error) {
          if (left === 0) throw error
          await wait(betweenMs)
        }
      }
    }

    return { ...store, take }
  },
}

export default repeatsTakes
