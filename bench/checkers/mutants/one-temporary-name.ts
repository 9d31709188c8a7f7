import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Strategy } from '../../../src/strategy.js'
import { newId } from './parts/captcha.js'
import { fileStore, openFiles } from './parts/captcha-files.js'

/**
 * The mistake: write-then-rename with one temporary name for everybody. Of two issues at once the first rename installs
 * what the second has written, under the first one's id; the second rename finds nothing.
 */
const oneTemporaryName: Strategy = {
  name: 'one-temporary-name',
  summary: 'One file per captcha, written beside its place and moved there.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  open({ dataDir, workerId }) {
    const files = openFiles(dataDir)
    const temporary = join(files.folder, 'captcha.tmp')
    return {
      ...fileStore(files, workerId === 0),
      async issue(answer, ttlMs) {
        const id = newId()
        await writeFile(temporary, JSON.stringify({ answer, expiresAt: Date.now() + ttlMs }))
        await rename(temporary, files.pathOf(id))
        return id
      },
    }
  },
}

export default oneTemporaryName
