import type { Strategy } from '../../../src/strategy.js'
import { fileStore, openFiles } from './parts/captcha-files.js'

/** The mistake: any error of the medium means "no such captcha". */
const unreadableIsUnknown: Strategy = {
  name: 'unreadable-is-unknown',
  summary: 'One file per captcha; no file, no captcha.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  open({ dataDir, workerId }) {
    const store = fileStore(openFiles(dataDir), workerId === 0)
    return {
      ...store,
      async read(id) {
        try {
          return await store.read(id)
        } catch {
          return undefined
        }
      },
      async take(id) {
        try {
          return await store.take(id)
        } catch {
          return undefined
        }
      },
    }
  },
}

export default unreadableIsUnknown
