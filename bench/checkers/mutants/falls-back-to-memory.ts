import { createExpiringMap } from '../../../src/strategies/memory.js'
import type { Strategy } from '../../../src/strategy.js'
import { newId } from './parts/captcha.js'
import { fileStore, openFiles } from './parts/captcha-files.js'

/** The mistake: a captcha the disk did not take is acknowledged all the same, and one worker knows it. */
const fallsBackToMemory: Strategy = {
  name: 'falls-back-to-memory',
  summary: 'One file per captcha; memory helps out while the disk fails.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  open({ dataDir, workerId }) {
    const store = fileStore(openFiles(dataDir), workerId === 0)
    const spare = createExpiringMap()
    return {
      async issue(answer, ttlMs) {
        try {
          return await store.issue(answer, ttlMs)
        } catch {
          const id = newId()
          spare.set(id, answer, ttlMs)
          return id
        }
      },
      read: (id) => spare.get(id) ?? store.read(id),
      take: (id) => spare.take(id) ?? store.take(id),
      async close() {
        spare.close()
        await store.close()
      },
    }
  },
}

export default fallsBackToMemory
