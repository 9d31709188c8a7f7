import type { Strategy } from '../../src/strategy.js'
import { createMarkedTokens } from './parts/marked-tokens.js'

/** Its example has 1 000; a store that is full forgets the oldest mark, and what it marked can be used again. */
const maxSize = 100_000

/**
 * The replay store of altcha-lib, which "tracks used challenges to prevent them from being reused"; claimed is what that says to
 * somebody with several workers on one host. The same page wants a central store "in distributed environments":
 * https://github.com/altcha-org/altcha-lib/blob/main/docs/store.md
 */
const altcha: Strategy = {
  name: 'altcha',
  summary:
    'The id is the captcha, encrypted; the CappedMap of altcha-lib in each worker remembers the used ones.',
  claims: { scope: 'host', singleUse: true, survives: 'nothing' },
  async open({ secret }) {
    const { CappedMap } = await import('altcha-lib/frameworks/fastify')
    const used = new CappedMap<string, boolean>({ maxSize })
    const tokens = createMarkedTokens(secret, {
      isUsed: (name) => used.has(name),
      use: (name) => used.setIfAbsent(name, true),
    })
    return { ...tokens, close: () => used.clear() }
  },
}

export default altcha
