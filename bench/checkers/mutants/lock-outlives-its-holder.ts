import { join } from 'node:path'
import type { Strategy } from '../../../src/strategy.js'
import { jsonFileStore } from './parts/json-file.js'
import { createLockFile, whileHolding } from './parts/lock-file.js'

/** The mistake: a lock that only its holder removes. A holder that is killed never does, and nobody gets in again. */
const lockOutlivesItsHolder: Strategy = {
  name: 'lock-outlives-its-holder',
  summary: 'One JSON file under a lock file that is removed after each change.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  open({ dataDir }) {
    const lock = createLockFile(join(dataDir, 'captchas.lock'), { patienceMs: 150 })
    return jsonFileStore(dataDir, {
      slowMs: 5,
      alone: whileHolding(lock),
    })
  },
}

export default lockOutlivesItsHolder
