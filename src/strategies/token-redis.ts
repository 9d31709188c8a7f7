import type { Strategy } from '../strategy.js'
import { connectRedis, unexpected } from './redis.js'
import { createSealer, tokenName } from './token.js'

/**
 * A used token is remembered for so long after its end, ms: worker clocks may be a little apart, and where it has not ended yet it
 * must not be unused again.
 */
const slackMs = 2_000

const keyOf = (id: string) => `crossworker:used:${tokenName(id)}`

/**
 * A Redis that forgets makes used tokens good again, not live ones unknown: without an append-only file, or with keys evicted, this
 * fails open.
 */
const tokenRedis: Strategy = {
  name: 'token-redis',
  summary:
    'The id is the captcha, encrypted; Redis remembers which were used: SET … PX NX decides every take.',
  claims: { scope: 'fleet', singleUse: true, survives: 'restart' },
  engines: ['redis'],
  async open({ secret, services }) {
    const sealer = createSealer(secret)
    const connection = await connectRedis(services)
    return {
      issue: (answer, ttlMs) => sealer.seal(answer, ttlMs),
      async read(id) {
        const token = sealer.open(id)
        if (token === undefined) return undefined
        const reply = await connection.send('EXISTS', keyOf(id))
        if (reply === 0) return token.answer
        if (reply === 1) return undefined
        throw unexpected('EXISTS', reply)
      },
      async take(id) {
        const token = sealer.open(id)
        if (token === undefined) return undefined
        const forMs = Math.max(0, token.expiresAt - Date.now()) + slackMs
        const reply = await connection.send('SET', keyOf(id), '1', 'PX', String(forMs), 'NX')
        if (reply === 'OK') return token.answer
        if (reply === null) return undefined
        throw unexpected('SET', reply)
      },
      close: connection.close,
    }
  },
}

export default tokenRedis
