import { createExpiringMap } from '../../../src/strategies/memory.js'
import type { Strategy } from '../../../src/strategy.js'
import { newId } from './parts/captcha.js'

/** The mistake: the Map of a single process, kept when the server got more workers. */
const mapPerWorker: Strategy = {
  name: 'map-per-worker',
  summary: 'Captchas in a Map.',
  claims: { scope: 'host', singleUse: true, survives: 'nothing' },
  open() {
    const captchas = createExpiringMap()
    return {
      issue(answer, ttlMs) {
        const id = newId()
        captchas.set(id, answer, ttlMs)
        return id
      },
      read: captchas.get,
      take: captchas.take,
      close: captchas.close,
    }
  },
}

export default mapPerWorker
