import type { Strategy } from '../../../src/strategy.js'
import { fileStore, openFiles, sweepFiles } from './parts/captcha-files.js'

/** The mistake: only the sweeper looks at the clock, so a captcha lives until it comes by. */
const sweeperDecides: Strategy = {
  name: 'sweeper-decides',
  summary: 'One file per captcha; a sweeper removes the expired ones.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  open({ dataDir, workerId }) {
    const files = openFiles(dataDir)
    const sweeper = workerId === 0 ? setInterval(() => sweepFiles(files), 3_000).unref() : undefined
    return {
      ...fileStore(files, false),
      read: (id) => files.load(id)?.answer,
      take(id) {
        const captcha = files.load(id)
        return captcha !== undefined && files.remove(id) ? captcha.answer : undefined
      },
      close: () => clearInterval(sweeper),
    }
  },
}

export default sweeperDecides
