import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { createSealer } from '../../src/strategies/token.js'
import type { Strategy } from '../../src/strategy.js'

/**
 * The store that `new Cap()` comes with: tokens in memory, written to a JSON file that all workers are given, so the host and a
 * restart are what is expected of it. A challenge of no puzzles is redeemed for a token when a captcha is issued, and the token is
 * validated when it is taken; the answer travels sealed beside it: https://capjs.js.org/guide/server.html
 */
const cap: Strategy = {
  name: 'cap',
  summary: 'The token store of @cap.js/server, in the memory of each worker with a JSON file behind it.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  async open({ dataDir, secret }) {
    const { default: Cap } = await import('@cap.js/server')
    const server = new Cap({ tokens_store_path: join(dataDir, 'tokensList.json') })
    // The constructor reads the file when it comes to it, and replaces whatever was redeemed until then.
    const { tokensList } = server.config.state
    while (server.config.state.tokensList === tokensList) await pause(5)
    const sealer = createSealer(secret)

    /** @returns the answer sealed in `id` if its token is good */
    async function validated(id: string, keepToken: boolean): Promise<string | undefined> {
      const sealed = sealer.open(id)?.answer
      if (sealed === undefined) return undefined
      const [token, answer]: readonly [string, string] = JSON.parse(sealed)
      const { success } = await server.validateToken(token, { keepToken })
      return success ? answer : undefined
    }

    return {
      async issue(answer, ttlMs) {
        const { token: challenge = '' } = await server.createChallenge({ challengeCount: 0 })
        const { token } = await server.redeemChallenge({ token: challenge, solutions: [] })
        if (token === undefined) throw new Error('expected a token for a challenge of no puzzles, got none')
        return sealer.seal(JSON.stringify([token, answer]), ttlMs)
      },
      read: (id) => validated(id, true),
      take: (id) => validated(id, false),
      close() {},
    }
  },
}

export default cap
