import { connectRedis } from '../../../src/strategies/redis.js'
import tokenRedis from '../../../src/strategies/token-redis.js'
import type { Strategy } from '../../../src/strategy.js'

/** The mistake: when Redis is stopped it forgets which tokens were used. */
const redisUsedSetUnlogged: Strategy = {
  name: 'redis-used-set-unlogged',
  summary: 'Encrypted tokens; a Redis without its append-only file remembers which were used.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  engines: ['redis'],
  async host({ services }) {
    const connection = await connectRedis(services)
    await connection.send('CONFIG', 'SET', 'appendonly', 'no')
    connection.close()
    return { close() {} }
  },
  open: tokenRedis.open,
}

export default redisUsedSetUnlogged
