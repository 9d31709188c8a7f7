import { createExpiringMap } from '../../../src/strategies/memory.js'
import type { Strategy } from '../../../src/strategy.js'
import { alive } from './parts/captcha.js'
import { fileStore, openFiles } from './parts/captcha-files.js'

/** The mistake: takes are answered from the worker's cache, which does not hear of takes by other workers. */
const staleCache: Strategy = {
  name: 'stale-cache',
  summary: 'One file per captcha; each worker keeps what it has read in memory.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  open({ dataDir, workerId }) {
    const files = openFiles(dataDir)
    const store = fileStore(files, workerId === 0)
    const cache = createExpiringMap()

    function read(id: string): string | undefined {
      const cached = cache.get(id)
      if (cached !== undefined) return cached
      const captcha = files.load(id)
      if (captcha !== undefined) cache.set(id, captcha.answer, captcha.expiresAt - Date.now())
      return alive(captcha)
    }

    return {
      issue: store.issue,
      read,
      take(id) {
        const answer = read(id)
        cache.take(id)
        files.remove(id)
        return answer
      },
      async close() {
        cache.close()
        await store.close()
      },
    }
  },
}

export default staleCache
