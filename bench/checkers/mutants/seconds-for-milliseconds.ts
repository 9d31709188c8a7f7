import type { Strategy } from '../../../src/strategy.js'
import { fileStore, openFiles } from './parts/captcha-files.js'

/** The mistake: the lifetime comes in milliseconds and is taken for seconds, as the EX of Redis would be. */
const secondsForMilliseconds: Strategy = {
  name: 'seconds-for-milliseconds',
  summary: 'One file per captcha, which says when it ends.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  open({ dataDir, workerId }) {
    const store = fileStore(openFiles(dataDir), workerId === 0)
    return { ...store, issue: (answer, ttlSeconds) => store.issue(answer, ttlSeconds * 1_000) }
  },
}

export default secondsForMilliseconds
