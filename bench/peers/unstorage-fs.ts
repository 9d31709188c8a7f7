import { join } from 'node:path'
import type { Strategy } from '../../src/strategy.js'
import { isOwnId, newId } from './parts/key.js'

interface Item {
  readonly answer: string
  readonly endsAt: number
}

/**
 * A directory that all workers are given: the host and a restart. `removeItem` says nothing about whether it removed, and the driver
 * has no lifetimes, so they are kept with the answer and nobody sweeps: https://unstorage.unjs.io/drivers/fs
 */
const unstorageFs: Strategy = {
  name: 'unstorage-fs',
  summary: 'unstorage with its fs driver, a file per captcha: getItem, then removeItem.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  async open({ dataDir }) {
    const [{ createStorage }, { default: fsDriver }] = await Promise.all([
      import('unstorage'),
      import('unstorage/drivers/fs'),
    ])
    const storage = createStorage<Item>({ driver: fsDriver({ base: join(dataDir, 'captchas') }) })

    async function read(id: string): Promise<string | undefined> {
      const item = isOwnId(id) ? await storage.getItem(id) : null
      if (item === null) return undefined
      // What cannot be parsed comes as the text that it is, and what cannot be read as the error.
      if (typeof item.endsAt !== 'number')
        throw new Error('expected a captcha in the file, got something else')
      return item.endsAt > Date.now() ? item.answer : undefined
    }

    return {
      async issue(answer, ttlMs) {
        const id = newId()
        await storage.setItem(id, { answer, endsAt: Date.now() + ttlMs })
        return id
      },
      read,
      async take(id) {
        const answer = await read(id)
        if (answer !== undefined) await storage.removeItem(id)
        return answer
      },
      close: () => storage.dispose(),
    }
  },
}

export default unstorageFs
