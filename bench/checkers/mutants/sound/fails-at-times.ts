import type { Strategy } from '../../../../src/strategy.js'
import { fileStore, openFiles } from '../parts/captcha-files.js'

/** Sound: each twentieth call of a worker throws before it has done anything. Failing closed breaks no promise. */
const failsAtTimes: Strategy = {
  name: 'fails-at-times',
  summary: 'One file per captcha, claimed by unlink; one call in twenty fails.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  open({ dataDir, workerId }) {
    const store = fileStore(openFiles(dataDir), workerId === 0)
    let calls = 0

    function unlessItsTurn<T>(act: () => T): T {
      calls += 1
      if (calls % 20 === 0) throw new Error('planned: this call fails, and has done nothing')
      return act()
    }

    return {
      issue: (answer, ttlMs) => unlessItsTurn(() => store.issue(answer, ttlMs)),
      read: (id) => unlessItsTurn(() => store.read(id)),
      take: (id) => unlessItsTurn(() => store.take(id)),
      close: store.close,
    }
  },
}

export default failsAtTimes
