import type { Strategy } from '../../../src/strategy.js'
import { fileStore, openFiles } from './parts/captcha-files.js'

/**
 * The mistake: "no captcha" becomes the empty text on its way, as with `String(row?.answer ?? '')`. An empty guess then
 * fits every id that was never issued, and each has a picture too.
 */
const acceptsUnknown: Strategy = {
  name: 'accepts-unknown',
  summary: 'One file per captcha; what is not there has no letters.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  open({ dataDir, workerId }) {
    const store = fileStore(openFiles(dataDir), workerId === 0)
    return {
      ...store,
      read: async (id) => (await store.read(id)) ?? '',
      take: async (id) => (await store.take(id)) ?? '',
    }
  },
}

export default acceptsUnknown
