import { setTimeout as wait } from 'node:timers/promises'
import { createExpiringMap } from '../../../src/strategies/memory.js'
import type { Strategy } from '../../../src/strategy.js'
import { newId } from './parts/captcha.js'
import { inPrimary } from './parts/in-primary.js'

/** The mistake: an await between looking and deleting. A single owner does not help: its requests overlap there. */
const getThenDelete: Strategy = {
  name: 'get-then-delete',
  summary: 'One Map in the primary; a take is noted in the audit log before it counts.',
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
      async take(id) {
        const answer = captchas.get(id)
        if (answer !== undefined) await noteInAuditLog()
        captchas.take(id)
        return answer
      },
      close: captchas.close,
    }
  }),
}

/** Stands for any call that leaves the process. */
function noteInAuditLog(): Promise<void> {
  return wait(5)
}

export default getThenDelete
