import { join } from 'node:path'
import type { Strategy } from '../../../src/strategy.js'
import { jsonFileStore } from './parts/json-file.js'
import { createLockFile, whileHolding } from './parts/lock-file.js'

/**
 * The mistake: a lock that is taken over by age, and a holder that does not notice. Stopped between load and install, it
 * wakes up and installs what it knew before: the changes acknowledged meanwhile are undone.
 */
const unfencedLock: Strategy = {
  name: 'unfenced-lock',
  summary: 'One JSON file under a lock file; a lock older than two seconds was left by a crash.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  open({ dataDir }) {
    const lock = createLockFile(join(dataDir, 'captchas.lock'), { staleMs: 2_000, patienceMs: 4_000 })
    return jsonFileStore(dataDir, {
      slowMs: 10,
      // Leaves the lock free most of the time: a successor at work just then would install the new state once more.
      gatherMs: 200,
      alone: whileHolding(lock),
    })
  },
}

export default unfencedLock
