import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Services } from '../../src/strategy.js'
import { probeEntry } from '../paths.js'
import type { ProbeReport, ProbeResult } from '../probe.js'
import { killGroup } from '../processes.js'
import { guardDirectory } from '../services/guard.js'
import { environmentWith } from '../services/hand-over.js'

/** All of a trial, ms; each of its steps has a shorter limit of its own, but one that never yields cannot tell. */
const limitMs = 20_000

/** How a trial went that told no result of its own. */
export class ProbeEnd extends Error {
  override readonly name = 'ProbeEnd'
}

/**
 * Tries a module in a process of its own, which is gone in the end, with whatever it started, and so is its directory: also when
 * this process is killed meanwhile, which a module that never yields would not notice.
 * @throws ProbeEnd when that process ended, or had to be ended, before it could tell
 */
export async function startProbe(module: string, services: Services): Promise<ProbeResult> {
  // Made and removed here: a native module that takes the trial's process with it cannot tidy up.
  const dataDir = await mkdtemp(join(tmpdir(), 'crossworker-probe-'))
  const guard = guardDirectory(dataDir)
  const child = spawn(process.execPath, [probeEntry, module, dataDir], {
    // A group of its own: what the module starts ends with it.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: environmentWith(services),
  })
  if (child.pid !== undefined) guard.watch(-child.pid)
  try {
    return await resultOf(child)
  } finally {
    await guard.release()
  }
}

async function resultOf(child: ChildProcess): Promise<ProbeResult> {
  let step = 'start'
  let result: ProbeResult | undefined
  let complaint = ''
  let isLate = false
  child.on('message', (report: ProbeReport) => {
    if ('result' in report) result = report.result
    else step = report.step
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint = `${complaint}${text}`.slice(-2_000)
  })
  const limit = setTimeout(() => {
    isLate = true
    killGroup(child)
  }, limitMs)
  // Its end may be known before what it told last: that has been read when the channel ends.
  const [[code, signal]] = await Promise.all([once(child, 'exit'), once(child, 'disconnect')]).finally(() =>
    clearTimeout(limit),
  )
  if (result !== undefined) return result
  if (isLate) throw new ProbeEnd(`a trial of it did not end within ${limitMs / 1_000} s: ${step}`)
  const how = signal === null ? `ended with exit code ${code}` : `was ended by ${signal}`
  const why = complaint.split('\n').find((line) => /\bError\b|FATAL/.test(line))
  throw new ProbeEnd(`a trial of it ${how}: ${step}${why === undefined ? '' : `: ${why.trim()}`}`)
}
