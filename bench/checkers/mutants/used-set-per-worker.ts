import type { Strategy } from '../../../src/strategy.js'
import { tokenStore } from './parts/sealed-token.js'
import { createSpentList } from './parts/spent-list.js'

/** The mistake: the tokens are valid in every worker, the list of used ones is known to one. */
const usedSetPerWorker: Strategy = {
  name: 'used-set-per-worker',
  summary: 'Encrypted tokens and a list of those that were used.',
  claims: { scope: 'host', singleUse: true, survives: 'nothing' },
  open: ({ secret }) => tokenStore(secret, createSpentList()),
}

export default usedSetPerWorker
