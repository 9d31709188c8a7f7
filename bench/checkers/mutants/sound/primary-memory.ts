import { createExpiringMap } from '../../../../src/strategies/memory.js'
import type { Strategy } from '../../../../src/strategy.js'
import { newId } from '../parts/captcha.js'
import { inPrimary } from '../parts/in-primary.js'

/** Sound: one thread owns the Map and answers each request in one go. It ends with the primary and claims no more. */
const primaryMemory: Strategy = {
  name: 'primary-memory',
  summary: 'One Map in the primary, asked by messages.',
  claims: { scope: 'host', singleUse: true, survives: 'worker-crash' },
  ...inPrimary(() => {
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
  }),
}

export default primaryMemory
