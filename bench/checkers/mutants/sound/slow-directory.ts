import { setTimeout as wait } from 'node:timers/promises'
import directory from '../../../../src/strategies/directory.js'
import type { Strategy } from '../../../../src/strategy.js'

/** Sound: every call takes its time before and after it acts, in an order of its own. None of that is a violation. */
const slowDirectory: Strategy = {
  name: 'slow-directory',
  summary: 'One file per captcha, claimed by unlink, behind a slow and uneven connection.',
  claims: directory.claims,
  async open(worker) {
    const store = await directory.open(worker)
    return {
      issue: (answer, ttlMs) => slowly(() => store.issue(answer, ttlMs)),
      read: (id) => slowly(() => store.read(id)),
      take: (id) => slowly(() => store.take(id)),
      close: () => store.close(),
    }
  },
}

async function slowly<T>(act: () => T | Promise<T>): Promise<T> {
  await wait(Math.random() * 20)
  const result = await act()
  await wait(Math.random() * 20)
  return result
}

export default slowDirectory
