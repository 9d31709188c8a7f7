import { execFileSync } from 'node:child_process'
import { writeSync } from 'node:fs'
import { createCaller } from '../call.js'
import { openWorkerEnd, stdioWithWire } from '../wire.js'

/** A worker in the tests of the wire: does what it is told over Node's channel, and tells what came of it. */
export type Job =
  /** All in one turn. */
  | { readonly call: readonly unknown[] }
  /** Each piece in a write of its own, beside the caller. */
  | { readonly write: readonly Uint8Array[] }
  | { readonly close: true }
  /** What a process that this one starts has open. */
  | { readonly listDescriptors: true }

/** What came of each call. */
export type Outcome = { readonly value: unknown } | { readonly error: string }

const caller = createCaller(openWorkerEnd, 1_500)

async function run(job: Job): Promise<readonly Outcome[]> {
  if ('call' in job) return Promise.all(job.call.map(outcomeOf))
  if ('write' in job) for (const piece of job.write) writeSync(stdioWithWire.length - 1, piece)
  if ('listDescriptors' in job)
    return [{ value: execFileSync('ls', ['/proc/self/fd'], { encoding: 'utf8' }) }]
  if ('close' in job) caller.close()
  return []
}

function outcomeOf(message: unknown): Promise<Outcome> {
  return caller.call(message).then(
    (value) => ({ value }),
    (error: Error) => ({ error: error.message }),
  )
}

process.on('message', async (job: Job) => process.send?.(await run(job)))
