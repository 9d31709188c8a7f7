import type { Strategy } from '../../../src/strategy.js'
import { fileStore, openFiles } from './parts/captcha-files.js'

const listingMs = 200

/** The mistake: "not in the listing" is remembered, and a captcha that another worker has just issued is not in it yet. */
const staleListing: Strategy = {
  name: 'stale-listing',
  summary: 'One file per captcha; a listing of the directory saves looking for files that are not there.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  open({ dataDir, workerId }) {
    const files = openFiles(dataDir)
    const store = fileStore(files, workerId === 0)
    let listed = new Set<string>()
    let listedAtMs = Number.NEGATIVE_INFINITY

    function isListed(id: string): boolean {
      if (performance.now() - listedAtMs > listingMs) {
        listed = new Set(files.ids())
        listedAtMs = performance.now()
      }
      return listed.has(id)
    }

    return {
      ...store,
      async issue(answer, ttlMs) {
        const id = await store.issue(answer, ttlMs)
        listed.add(id)
        return id
      },
      read: (id) => (isListed(id) ? store.read(id) : undefined),
      take: (id) => (isListed(id) ? store.take(id) : undefined),
    }
  },
}

export default staleListing
