import type { Strategy } from '../../../src/strategy.js'
import { fileStore, openFiles } from './parts/captcha-files.js'

/** The mistake: a canary, rare on purpose. Each hundredth read of a worker says unknown, whatever is there. */
const oneInAHundred: Strategy = {
  name: 'one-in-a-hundred',
  summary: 'One file per captcha, with a read that is nearly always right.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  open({ dataDir, workerId }) {
    const store = fileStore(openFiles(dataDir), workerId === 0)
    let reads = 0
    return {
      ...store,
      read(id) {
        reads += 1
        return reads % 100 === 0 ? undefined : store.read(id)
      },
    }
  },
}

export default oneInAHundred
