import { randomBytes } from 'node:crypto'
import type { Strategy } from '../../../src/strategy.js'
import { tokenStore } from './parts/sealed-token.js'
import { createSpentList } from './parts/spent-list.js'

/** The mistake: a key made at the start of each worker, so that what one has sealed no other can open. */
const secretPerWorker: Strategy = {
  name: 'secret-per-worker',
  summary: 'Encrypted tokens under a key that is made at the start and never leaves memory.',
  claims: { scope: 'host', singleUse: true, survives: 'nothing' },
  open: () => tokenStore(randomBytes(32), createSpentList()),
}

export default secretPerWorker
