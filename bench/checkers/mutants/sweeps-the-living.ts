import type { Strategy } from '../../../src/strategy.js'
import type { Captcha } from './parts/captcha.js'
import { fileStore, openFiles, sweepFiles } from './parts/captcha-files.js'

/** The mistake: the sweeper has the ends in seconds and the clock in milliseconds, so everything is over. */
const sweepsTheLiving: Strategy = {
  name: 'sweeps-the-living',
  summary: 'One file per captcha; a sweeper removes the expired ones twice a second.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  open({ dataDir, workerId }) {
    const files = openFiles(dataDir)
    const sweeper = workerId === 0 ? setInterval(() => sweepFiles(files, isOver), 500).unref() : undefined
    return { ...fileStore(files, false), close: () => clearInterval(sweeper) }
  },
}

function isOver({ expiresAt }: Captcha): boolean {
  return expiresAt / 1_000 <= Date.now()
}

export default sweepsTheLiving
