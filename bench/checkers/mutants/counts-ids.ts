import type { Strategy } from '../../../src/strategy.js'
import { fileStore, openFiles } from './parts/captcha-files.js'

/** The mistake: a counter is unique in one process. Every worker issues a first captcha, a second, a third. */
const countsIds: Strategy = {
  name: 'counts-ids',
  summary: 'One file per captcha, numbered.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  open({ dataDir, workerId }) {
    const files = openFiles(dataDir)
    let issued = 0
    return {
      ...fileStore(files, workerId === 0),
      issue(answer, ttlMs) {
        issued += 1
        const id = String(issued).padStart(24, '0')
        files.save(id, { answer, expiresAt: Date.now() + ttlMs })
        return id
      },
    }
  },
}

export default countsIds
