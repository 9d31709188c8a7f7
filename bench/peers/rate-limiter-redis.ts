import type { Strategy } from '../../src/strategy.js'
import { marksOf, oncePerToken } from './parts/limiter-marks.js'
import { createMarkedTokens } from './parts/marked-tokens.js'

const options = { ...oncePerToken, keyPrefix: 'captcha' }

/**
 * Claims what "atomic increments … in distributed environment" says (README), and what Redis keeps:
 * https://github.com/animir/node-rate-limiter-flexible/wiki/Redis
 */
const rateLimiterRedis: Strategy = {
  name: 'rate-limiter-redis',
  summary: 'The id is the captcha, encrypted; rate-limiter-flexible counts uses in Redis.',
  claims: { scope: 'fleet', singleUse: true, survives: 'restart' },
  engines: ['redis'],
  async open({ secret, services: { redisUrl = '' } }) {
    const [{ RateLimiterRedis }, { createClient }] = await Promise.all([
      import('rate-limiter-flexible'),
      import('redis'),
    ])
    // Without an offline queue, as the wiki's page on Redis asks for.
    const client = createClient({ url: redisUrl, disableOfflineQueue: true })
    client.on('error', () => undefined)
    await client.connect()
    const limiter = new RateLimiterRedis({ ...options, storeClient: client, useRedisPackage: true })
    return { ...createMarkedTokens(secret, marksOf(limiter)), close: () => client.destroy() }
  },
}

export default rateLimiterRedis
