import { createExpiringMap, type ExpiringMap } from '../../../src/strategies/memory.js'
import type { Strategy } from '../../../src/strategy.js'
import { newId } from './parts/captcha.js'
import { inPrimary } from './parts/in-primary.js'

const { host, open } = inPrimary(() => {
  const maps = new Map<number, ExpiringMap>()

  function inAny(find: (map: ExpiringMap) => string | undefined): string | undefined {
    return [...maps.values()].map(find).find((answer) => answer !== undefined)
  }

  return {
    hello(workerId) {
      maps.get(workerId)?.close()
      maps.set(workerId, createExpiringMap())
    },
    issue(answer, ttlMs, workerId) {
      const id = newId()
      maps.get(workerId)?.set(id, answer, ttlMs)
      return id
    },
    read: (id) => inAny((map) => map.get(id)),
    take: (id) => inAny((map) => map.take(id)),
    close() {
      for (const map of maps.values()) map.close()
    },
  }
})

/**
 * The mistake: what a worker had issued is thrown away when it comes back after a crash, as is right for its sockets.
 * Captchas belong to the host: another worker was about to be asked for them.
 */
const forgetsTheCrashed: Strategy = {
  name: 'forgets-the-crashed',
  summary: 'The primary keeps a Map for each worker; one that starts again gets an empty one.',
  claims: { scope: 'host', singleUse: true, survives: 'worker-crash' },
  host,
  async open(worker) {
    await worker.call(['hello', ''])
    return open(worker)
  },
}

export default forgetsTheCrashed
