import { setTimeout as wait } from 'node:timers/promises'
import type { Strategy } from '../../../src/strategy.js'
import { mapStore } from './parts/in-map.js'
import { inPrimary } from './parts/in-primary.js'

/** The mistake: an await between looking and deleting. A single owner does not help: its requests overlap there. */
const getThenDelete: Strategy = {
  name: 'get-then-delete',
  summary: 'One Map in the primary; a take is noted in the audit log before it counts.',
  claims: { scope: 'host', singleUse: true, survives: 'worker-crash' },
  ...inPrimary(() =>
    mapStore((captchas) => ({
      async take(id) {
        const answer = captchas.get(id)
        if (answer !== undefined) await noteInAuditLog()
        captchas.take(id)
        return answer
      },
    })),
  ),
}

/** Stands for any call that leaves the process. */
function noteInAuditLog(): Promise<void> {
  return wait(5)
}

export default getThenDelete
