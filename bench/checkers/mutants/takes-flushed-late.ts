import type { Strategy } from '../../../src/strategy.js'
import { alive } from './parts/captcha.js'
import { fileStore, openFiles } from './parts/captcha-files.js'
import { inPrimary } from './parts/in-primary.js'

/** The mistake: issues are written at once, takes in one go later. After a crash the last ones can be taken again. */
const takesFlushedLate: Strategy = {
  name: 'takes-flushed-late',
  summary: 'One file per captcha, owned by the primary, which deletes the used ones every two seconds.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  ...inPrimary(({ dataDir }) => {
    const files = openFiles(dataDir)
    const store = fileStore(files, true)
    const taken = new Set<string>()
    const flusher = setInterval(flush, 2_000).unref()

    function flush(): void {
      for (const id of taken) {
        files.remove(id)
        taken.delete(id)
      }
    }

    const read = (id: string) => (taken.has(id) ? undefined : alive(files.load(id)))
    return {
      issue: store.issue,
      read,
      take(id) {
        const answer = read(id)
        if (answer !== undefined) taken.add(id)
        return answer
      },
      async close() {
        clearInterval(flusher)
        flush()
        await store.close()
      },
    }
  }),
}

export default takesFlushedLate
