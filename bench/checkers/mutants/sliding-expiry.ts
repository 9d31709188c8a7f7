import { createExpiringMap } from '../../../src/strategies/memory.js'
import type { Strategy } from '../../../src/strategy.js'
import { newId } from './parts/captcha.js'
import { inPrimary } from './parts/in-primary.js'

/** The mistake: a session's habit. Looking at a captcha starts its time anew, so whoever keeps looking keeps it. */
const slidingExpiry: Strategy = {
  name: 'sliding-expiry',
  summary: 'One Map in the primary; what is in use stays.',
  claims: { scope: 'host', singleUse: true, survives: 'worker-crash' },
  ...inPrimary(() => {
    const captchas = createExpiringMap()
    let lifetimeMs = 0
    return {
      issue(answer, ttlMs) {
        const id = newId()
        lifetimeMs = ttlMs
        captchas.set(id, answer, ttlMs)
        return id
      },
      read(id) {
        const answer = captchas.get(id)
        if (answer !== undefined) captchas.set(id, answer, lifetimeMs)
        return answer
      },
      take: captchas.take,
      close: captchas.close,
    }
  }),
}

export default slidingExpiry
