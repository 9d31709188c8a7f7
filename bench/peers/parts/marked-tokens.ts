import { createSealer, tokenName } from '../../../src/strategies/token.js'
import type { Awaitable, CaptchaStore } from '../../../src/strategy.js'

/** Somebody else's memory of what was used. */
export interface UsedMarks {
  isUsed(name: string): Awaitable<boolean>
  /**
   * @param forMs how long it has to be remembered
   * @returns whether this call was the first
   */
  use(name: string, forMs: number): Awaitable<boolean>
}

/** As in token-redis: clocks may be a little apart, and what has not ended yet must not be unused again, ms. */
const slackMs = 2_000

/** The id is the captcha, encrypted, and the library remembers which were used: all that a library which only counts or marks can do. */
export function createMarkedTokens(secret: Uint8Array, marks: UsedMarks): Omit<CaptchaStore, 'close'> {
  const sealer = createSealer(secret)
  return {
    issue: (answer, ttlMs) => sealer.seal(answer, ttlMs),
    async read(id) {
      const token = sealer.open(id)
      return token === undefined || (await marks.isUsed(tokenName(id))) ? undefined : token.answer
    },
    async take(id) {
      const token = sealer.open(id)
      if (token === undefined) return undefined
      const forMs = Math.max(0, token.expiresAt - Date.now()) + slackMs
      return (await marks.use(tokenName(id), forMs)) ? token.answer : undefined
    },
  }
}
