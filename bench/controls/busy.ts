import type { Strategy } from '../../src/strategy.js'
import noop from './noop.js'

/** Steps of arithmetic a call costs: about as much CPU time as the server spends on the rest of a request, 50 µs here. */
const steps = 8_000

/**
 * The no-op store with a known amount of work in every call, for the selftest of the timing study.
 * @param share of `steps`: 1.25 costs 25 % more
 */
export function createBusy(name: string, share: number): Strategy {
  return {
    ...noop,
    name,
    summary: `The no-op store with ${share} times a fixed amount of arithmetic in every call.`,
    async open(worker) {
      const store = await noop.open(worker)
      const work = createWork(Math.round(steps * share))
      return {
        issue(answer, ttlMs) {
          work()
          return store.issue(answer, ttlMs)
        },
        read(id) {
          work()
          return store.read(id)
        },
        take(id) {
          work()
          return store.take(id)
        },
        close: () => store.close(),
      }
    },
  }
}

/** A linear congruential generator, kept going so that no compiler can leave it out. */
function createWork(count: number): () => void {
  let state = 1
  return () => {
    let next = state
    for (let step = 0; step < count; step += 1) next = (Math.imul(next, 1_664_525) + 1_013_904_223) | 0
    state = next
  }
}

export default createBusy('busy', 1)
