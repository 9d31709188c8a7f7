import { join } from 'node:path'
import type { Strategy } from '../../src/strategy.js'
import { isOwnId, newId, sweepMs } from './parts/key.js'

/**
 * "Get the value of a key and delete it" is what `pull` says of itself; over the file driver alone, which all workers share, without
 * a layer of memory that could be stale. Claimed are the host and a restart: https://bentocache.dev/docs/methods#pull
 */
const bentocache: Strategy = {
  name: 'bentocache',
  summary: 'bentocache with its file driver, a file per captcha: pull().',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  async open({ dataDir, workerId }) {
    const [{ BentoCache, bentostore }, { fileDriver }] = await Promise.all([
      import('bentocache'),
      import('bentocache/drivers/file'),
    ])
    const directory = join(dataDir, 'captchas')
    const driver = fileDriver({ directory, pruneInterval: workerId === 0 ? sweepMs : false })
    const captchas = bentostore().useL2Layer(driver)
    const bento = new BentoCache({ default: 'captchas', stores: { captchas } })
    return {
      async issue(answer, ttlMs) {
        const id = newId()
        await bento.set({ key: id, value: answer, ttl: ttlMs })
        return id
      },
      read: async (id) => (isOwnId(id) ? ((await bento.get<string>({ key: id })) ?? undefined) : undefined),
      take: async (id) => (isOwnId(id) ? ((await bento.pull<string>(id)) ?? undefined) : undefined),
      close: () => bento.disconnectAll(),
    }
  },
}

export default bentocache
