import redis, { connectRedis } from '../../../src/strategies/redis.js'
import type { Strategy } from '../../../src/strategy.js'

/** The mistake: what Redis holds is in its memory only, and gone when it is stopped. */
const redisUnlogged: Strategy = {
  name: 'redis-unlogged',
  summary: 'Redis without its append-only file, which is faster.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  engines: ['redis'],
  async host({ services }) {
    const connection = await connectRedis(services)
    await connection.send('CONFIG', 'SET', 'appendonly', 'no')
    connection.close()
    return { close() {} }
  },
  open: redis.open,
}

export default redisUnlogged
