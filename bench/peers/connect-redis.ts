import type { Strategy } from '../../src/strategy.js'
import { newId } from './parts/key.js'

/**
 * A captcha in a session, as express keeps one, in Redis: the fleet and a restart. `destroy` says nothing about whether it destroyed,
 * and lifetimes are whole seconds: https://github.com/tj/connect-redis#readme
 */
const connectRedis: Strategy = {
  name: 'connect-redis',
  summary: 'express-session with connect-redis: get, then destroy.',
  claims: { scope: 'fleet', singleUse: true, survives: 'restart' },
  engines: ['redis'],
  async open({ services: { redisUrl = '' } }) {
    const [{ RedisStore }, { createClient }] = await Promise.all([import('connect-redis'), import('redis')])
    const client = createClient({ url: redisUrl })
    client.on('error', () => undefined)
    await client.connect()
    const store = new RedisStore({ client, prefix: 'captcha:' })

    async function read(id: string): Promise<string | undefined> {
      const session: { answer?: string } | null = await store.get(id)
      return session?.answer
    }

    return {
      async issue(answer, ttlMs) {
        const id = newId()
        const cookie = { originalMaxAge: ttlMs, expires: new Date(Date.now() + ttlMs) }
        await store.set(id, { cookie, answer })
        return id
      },
      read,
      async take(id) {
        const answer = await read(id)
        if (answer !== undefined) await store.destroy(id)
        return answer
      },
      close: () => client.destroy(),
    }
  },
}

export default connectRedis
