import type { Fault, Strike, Target } from '../faults/index.js'
import type { FaultLine } from '../history.js'
import { messageOf } from '../message-of.js'
import { comeBack, tryAll } from './captchas.js'
import { anyWorker } from './choose.js'
import { between } from './draw.js'
import type { Remembered } from './ledger.js'
import type { OpenSite } from './site.js'
import { pause } from './task.js'
import { type Mix, startLoad } from './workload.js'

/** Much is left alone, so that there is something a fault can lose. */
const mix: Mix = { read: 0.2, leave: 0.4, race: 0.05, guessWrongly: 0.05, probe: 0.01 }

/** How long clients work on after it, ms. */
const afterwardsMs = 400

/** The longest it may take until every worker has all its connections again, ms. */
const balanceLimitMs = 10_000

/**
 * Lets a fault strike while clients are at work; once it is healed, comes back to what was issued and what was taken before it.
 * Whatever happens in between, it is healed.
 * @throws Error when it cannot be healed
 */
export async function strike(site: OpenSite, fault: Fault, ballastPath?: string): Promise<void> {
  const { task, random, client, ledger } = site
  const lack = fault.needs()
  if (lack !== undefined) return noteMissed(site, fault, lack)
  const load = startLoad(site, mix)
  const worker = anyWorker(site)
  const target: Target = {
    worker,
    server: site.server(),
    dataDir: site.dataDir,
    engines: site.engines.engines,
    random,
    startAgain: site.startAgain,
    ...(ballastPath !== undefined && { ballastPath }),
  }
  // Set aside: clients that work on while it lasts would push out what was acknowledged before it.
  let before: Remembered = { outstanding: [], spent: [] }
  try {
    await pause(between(random, ...fault.afterMs), task.signal)
    before = ledger.empty()
    if (!task.signal.aborted) await strikeAndHeal(site, fault, target)
    await pause(afterwardsMs, task.signal)
  } finally {
    await load.stop()
  }
  await client.balanced(balanceLimitMs)
  await tryAll(site)
  await comeBack(site, before)
  await comeBack(site, ledger.empty())
}

/** The lines say when it began, though they are written once it is known whether it struck. */
async function strikeAndHeal(site: OpenSite, fault: Fault, target: Target): Promise<void> {
  const { recorder, task } = site
  const atMs = recorder.nowMs()
  const struck = await tryStart(fault, target)
  if (struck.missed !== undefined) return noteMissed(site, fault, struck.missed)
  recorder.note(lineOf(fault, { phase: 'start', atMs, worker: target.worker }))
  try {
    await pause(fault.lastsMs, task.signal)
  } finally {
    await struck.heal?.()
  }
  if (struck.heal !== undefined)
    recorder.note(lineOf(fault, { phase: 'heal', atMs: recorder.nowMs(), worker: target.worker }))
}

async function tryStart(fault: Fault, target: Target): Promise<Strike> {
  try {
    return await fault.start(target)
  } catch (error) {
    return { missed: messageOf(error) }
  }
}

function noteMissed({ recorder }: OpenSite, fault: Fault, reason: string): void {
  recorder.note({ ...lineOf(fault, { phase: 'missed', atMs: recorder.nowMs() }), reason })
}

interface Moment {
  readonly phase: FaultLine['phase']
  readonly atMs: number
  readonly worker?: number
}

/** One fault's line of the history. */
export function lineOf({ name, of, loses, strikes }: Fault, { phase, atMs, worker }: Moment): FaultLine {
  const isNamed = strikes === 'one' && worker !== undefined
  return { kind: 'fault', fault: name, of, phase, atMs, loses, ...(isNamed && { workers: [worker] }) }
}
