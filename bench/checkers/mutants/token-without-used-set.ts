import type { Strategy } from '../../../src/strategy.js'
import { tokenStore } from './parts/sealed-token.js'
import type { SpentList } from './parts/spent-list.js'

/** The mistake: a token proves who issued it and until when, and not that nobody has used it yet. */
const tokenWithoutUsedSet: Strategy = {
  name: 'token-without-used-set',
  summary: 'The id is the captcha, encrypted: nothing to store, nothing to share.',
  claims: { scope: 'host', singleUse: true, survives: 'nothing' },
  open: ({ secret }) => tokenStore(secret, noList),
}

const noList: SpentList = {
  isSpent: () => false,
  spend: (_id, expiresAt) => expiresAt > Date.now(),
  close() {},
}

export default tokenWithoutUsedSet
