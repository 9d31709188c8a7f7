import { linkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Strategy } from '../../../src/strategy.js'
import { newId } from './parts/captcha.js'
import { fileStore, openFiles } from './parts/captcha-files.js'

/** The mistake: a link instead of a rename, because it never overwrites, and the temporary file is left behind. */
const keepsTemporaryFiles: Strategy = {
  name: 'keeps-temporary-files',
  summary: 'One file per captcha, written beside its place and linked there.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  open({ dataDir, workerId }) {
    const files = openFiles(dataDir)
    return {
      ...fileStore(files, workerId === 0),
      issue(answer, ttlMs) {
        const id = newId()
        const temporary = join(files.folder, `${id}.tmp`)
        writeFileSync(temporary, JSON.stringify({ answer, expiresAt: Date.now() + ttlMs }), { flag: 'wx' })
        linkSync(temporary, files.pathOf(id))
        return id
      },
    }
  },
}

export default keepsTemporaryFiles
