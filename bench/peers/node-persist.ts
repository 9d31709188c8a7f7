import { join } from 'node:path'
import type { Strategy } from '../../src/strategy.js'
import { newId, sweepMs } from './parts/key.js'

/**
 * A directory that all workers are given: the host and a restart. What `removeItem` resolves to is in its types, and `removed` says
 * whether this call was the one. Its queue of writes "would not properly work in multi-process setting", so it is off:
 * https://github.com/simonlast/node-persist#api-documentation
 */
const nodePersist: Strategy = {
  name: 'node-persist',
  summary: 'node-persist, a file per captcha: getItem, then removeItem, which says whether it removed.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  async open({ dataDir, workerId }) {
    const { default: nodePersistLibrary } = await import('node-persist')
    const dir = join(dataDir, 'captchas')
    const storage = nodePersistLibrary.create()
    await storage.init({ dir, writeQueue: false, expiredInterval: workerId === 0 ? sweepMs : 0 })
    const read = (id: string): Promise<string | undefined> => storage.getItem(id)
    return {
      async issue(answer, ttlMs) {
        const id = newId()
        await storage.setItem(id, answer, { ttl: ttlMs })
        return id
      },
      read,
      async take(id) {
        const answer = await read(id)
        if (answer === undefined) return undefined
        const { removed } = await storage.removeItem(id)
        return removed ? answer : undefined
      },
      close: () => storage.stopExpiredKeysInterval(),
    }
  },
}

export default nodePersist
