import redis from '../../../src/strategies/redis.js'
import type { Strategy } from '../../../src/strategy.js'

/** The mistake: a Redis that is away has no captchas. */
const awayIsUnknown: Strategy = {
  name: 'away-is-unknown',
  summary: 'Redis; no answer, no captcha.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  engines: ['redis'],
  async open(worker) {
    const store = await redis.open(worker)
    return {
      ...store,
      read: async (id) => unlessAway(() => store.read(id)),
      take: async (id) => unlessAway(() => store.take(id)),
    }
  },
}

async function unlessAway<T>(ask: () => T): Promise<Awaited<T> | undefined> {
  try {
    return await ask()
  } catch {
    return undefined
  }
}

export default awayIsUnknown
