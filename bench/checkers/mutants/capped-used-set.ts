import type { Strategy } from '../../../src/strategy.js'
import { tokenStore } from './parts/sealed-token.js'
import { askSpentList, hostSpentList, type SpentList } from './parts/spent-list.js'

/** So that it cannot grow without bound. */
const mostRemembered = 64

/** The mistake: the list of used tokens forgets the oldest while they are still valid. */
const cappedUsedSet: Strategy = {
  name: 'capped-used-set',
  summary: 'Encrypted tokens; the primary keeps the list of the used ones for all workers.',
  claims: { scope: 'host', singleUse: true, survives: 'worker-crash' },
  host: () => hostSpentList(createCappedList()),
  open: ({ secret, call }) => tokenStore(secret, askSpentList(call)),
}

function createCappedList(): SpentList {
  let used: readonly string[] = []
  return {
    isSpent: (id) => used.includes(id),
    spend(id, expiresAt) {
      if (expiresAt <= Date.now() || used.includes(id)) return false
      used = [...used, id].slice(-mostRemembered)
      return true
    },
    close() {},
  }
}

export default cappedUsedSet
