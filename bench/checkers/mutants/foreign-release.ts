import { rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Strategy } from '../../../src/strategy.js'
import { jsonFileStore, replaceFile } from './parts/json-file.js'
import { createLockFile } from './parts/lock-file.js'

/** Shorter than the longest commit: holders overstay in everyday use. */
const staleMs = 25

/**
 * The mistake: release removes the lock, whosever it is. A holder that overstayed gives its commit up, and then lets a
 * third worker in beside the one that took over; each of these removes the other's lock in turn.
 */
const foreignRelease: Strategy = {
  name: 'foreign-release',
  summary: 'One JSON file under a lock file; who has held the lock too long does not install.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  open({ dataDir }) {
    const path = join(dataDir, 'captchas.lock')
    const lock = createLockFile(path, { staleMs, patienceMs: 4_000 })
    let heldFromMs = 0

    function checkHolding(): void {
      if (performance.now() - heldFromMs > staleMs) throw new Error('held the lock too long: not installed')
    }

    return jsonFileStore(dataDir, {
      slowMs: 5,
      unsteadyMs: 30,
      install: (file, text) => replaceFile(file, text, checkHolding),
      async alone(commit) {
        const { fromMs } = await lock.acquire()
        heldFromMs = fromMs
        try {
          await commit()
        } finally {
          rmSync(path, { force: true })
        }
      },
    })
  },
}

export default foreignRelease
