import { pick } from '../correctness/draw.js'
import { messageOf } from '../message-of.js'
import { isAlive } from '../processes.js'
import {
  type Fault,
  loneWorkerLacks,
  pidOf,
  replacementLimitMs,
  type Target,
  usualAfterMs,
  within,
} from './fault.js'
import { attachTracer, tracingLacks } from './tracer.js'

/**
 * System calls at which a worker dies, the first of those that it makes. The rarer ones are tried first: where they are made at
 * all, they are where a store changes what is on disk.
 */
const moments = ['rename,renameat,renameat2,unlink,unlinkat', 'fsync,fdatasync', 'pwrite64,pwritev,ftruncate']

/** Always made: answers are written too. */
const anyWrite = 'write,writev,pwrite64'

/** How many calls of one kind a thread may make before at the most. */
const mostCalls = 8

/** A worker that has not made its calls by then does not make them, ms. */
const waitMs = 1_500

/** One worker dies exactly when it is about to write, rename, remove or sync: not in between, as most kills do. */
export const crashAtWrite: Fault = {
  name: 'crash-at-write',
  of: 'crash',
  loses: 'worker-crash',
  strikes: 'one',
  afterMs: usualAfterMs,
  lastsMs: 0,
  needs: tracingLacks,
  async start(target) {
    const lack = loneWorkerLacks(target)
    if (lack !== undefined) return { missed: lack }
    const pid = pidOf(target)
    const replaced = target.server.replaced(target.worker)
    const reason = (await dieAt(pick(target.random, moments), target)) && (await dieAt(anyWrite, target))
    if (reason !== undefined && isAlive(pid)) return { missed: reason }
    return {
      heal: async () => void (await within(replacementLimitMs, 'the worker to be replaced', replaced)),
    }
  },
}

/** @returns why it lives on, if it does */
async function dieAt(syscalls: string, target: Target): Promise<string | undefined> {
  const pid = pidOf(target)
  const when = 1 + Math.floor(target.random() * mostCalls)
  try {
    const tracer = await attachTracer([pid], syscalls, `signal=KILL:when=${when}`)
    const isOver = await Promise.race([tracer.ended.then(() => true), after(waitMs)])
    if (!isOver) await tracer.detach()
    return isAlive(pid) ? `the worker did not reach call ${when} of ${syscalls}` : undefined
  } catch (error) {
    return messageOf(error)
  }
}

function after(ms: number): Promise<false> {
  return new Promise((resolve) => setTimeout(resolve, ms, false))
}
