import type { Strategy } from '../strategy.js'
import directory from './directory.js'
import { createExpiringMap } from './memory.js'

/**
 * Memory answers reads, the shared medium decides every take. A captcha another worker has taken may still be read here:
 * reading authorises nothing, and a take that asked memory first would accept it twice.
 */
const hybrid: Strategy = {
  name: 'hybrid',
  summary: 'Reads from memory where it can; one file per captcha, claimed by rename, decides every take.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  async open(worker) {
    const files = await directory.open(worker)
    const own = createExpiringMap()
    return {
      async issue(answer, ttlMs) {
        const id = await files.issue(answer, ttlMs)
        own.set(id, answer, ttlMs)
        return id
      },
      read: (id) => own.get(id) ?? files.read(id),
      take(id) {
        own.take(id)
        return files.take(id)
      },
      async close() {
        own.close()
        await files.close()
      },
    }
  },
}

export default hybrid
