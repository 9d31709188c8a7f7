import { join } from 'node:path'
import type { Strategy } from '../../src/strategy.js'
import { getThenDelete } from './parts/get-then-delete.js'
import { sweepMs } from './parts/key.js'

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
    return { ...getThenDelete(keyv), close: () => keyv.disconnect() }
  },
}

export default keyvFile
