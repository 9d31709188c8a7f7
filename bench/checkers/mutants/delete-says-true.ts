import { rm } from 'node:fs/promises'
import type { Strategy } from '../../../src/strategy.js'
import { fileStore, openFiles } from './parts/captcha-files.js'

/**
 * The mistake: trusting a delete that says true whether or not there was something to delete, as those of several cache
 * libraries do. The check in `take` looks atomic and never fails.
 */
const deleteSaysTrue: Strategy = {
  name: 'delete-says-true',
  summary: 'One file per captcha; the take that deletes it wins.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  open({ dataDir, workerId }) {
    const files = openFiles(dataDir)
    const store = fileStore(files, workerId === 0)

    async function del(id: string): Promise<boolean> {
      await rm(files.pathOf(id), { force: true })
      return true
    }

    return {
      ...store,
      async take(id) {
        const answer = await store.read(id)
        return answer !== undefined && (await del(id)) ? answer : undefined
      },
    }
  },
}

export default deleteSaysTrue
