import { join } from 'node:path'
import type { Strategy } from '../../src/strategy.js'
import { newId, sweepMs } from './parts/key.js'

/**
 * "File storage adapter for Keyv" with its defaults: a file that all workers are given, so the host and a restart are what is
 * expected of it: https://github.com/zaaack/keyv-file#readme
 */
const keyvFile: Strategy = {
  name: 'keyv-file',
  summary: 'keyv with keyv-file, one JSON file: get, then delete, which says whether there was something.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  async open({ dataDir }) {
    const [{ Keyv }, { KeyvFile }] = await Promise.all([import('keyv'), import('keyv-file')])
    const store = new KeyvFile({ filename: join(dataDir, 'keyv.json'), expiredCheckDelay: sweepMs })
    const keyv = new Keyv<string>({ store, throwOnErrors: true })
    keyv.on('error', () => undefined)
    const read = (id: string) => keyv.get(id)
    return {
      async issue(answer, ttlMs) {
        const id = newId()
        await keyv.set(id, answer, ttlMs)
        return id
      },
      read,
      async take(id) {
        const answer = await read(id)
        if (answer === undefined) return undefined
        return (await keyv.delete(id)) ? answer : undefined
      },
      close: () => keyv.disconnect(),
    }
  },
}

export default keyvFile
