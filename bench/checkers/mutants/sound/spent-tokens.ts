import type { Strategy } from '../../../../src/strategy.js'
import { tokenStore } from '../parts/sealed-token.js'
import { askSpentList, createSpentList, hostSpentList } from '../parts/spent-list.js'

/** Sound: the primary spends each token once, and judges its time itself, so that the list never forgets too early. */
const spentTokens: Strategy = {
  name: 'spent-tokens',
  summary: 'Encrypted tokens; the primary keeps the list of the spent ones until they expire.',
  claims: { scope: 'host', singleUse: true, survives: 'worker-crash' },
  host: () => hostSpentList(createSpentList()),
  open: ({ secret, call }) => tokenStore(secret, askSpentList(call)),
}

export default spentTokens
