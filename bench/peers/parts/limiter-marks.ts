import type { RateLimiterAbstract } from 'rate-limiter-flexible'
import type { UsedMarks } from './marked-tokens.js'

/** A limiter that never lets a second one through while the token lives; duration in s. */
export const oncePerToken = { points: 1, duration: 120 } as const

/** The part of any of its limiters that is used: one point a key, so that the first to consume it is the only one. */
export type Limiter = Pick<RateLimiterAbstract, 'consume' | 'get'>

/**
 * `consume` rejects with an Error when the store failed, and with a result that is none when the points are spent (README, "Basic
 * Example"). Durations are whole seconds.
 */
export function marksOf(limiter: Limiter): UsedMarks {
  return {
    isUsed: async (name) => (await limiter.get(name)) !== null,
    async use(name, forMs) {
      try {
        await limiter.consume(name, 1, { customDuration: Math.ceil(forMs / 1_000) })
        return true
      } catch (reason) {
        if (reason instanceof Error) throw reason
        return false
      }
    },
  }
}
