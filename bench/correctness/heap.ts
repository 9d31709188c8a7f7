import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Services } from '../../src/strategy.js'
import type { VolumeLine } from '../history.js'
import type { Recorder } from '../history-file.js'
import { messageOf } from '../message-of.js'
import { heapProbeEntry } from '../paths.js'
import { environmentWith } from '../services/hand-over.js'
import { openSiteHistory } from './site.js'
import { type CorrectnessTask, freshEngines } from './task.js'

const captchas = 20_000

/** A probe that takes longer is ended, ms. */
const limitMs = 60_000

/** What a store holds in memory while captchas live and when they are over; no server, no clients. */
export async function runHeap(task: CorrectnessTask): Promise<void> {
  const recorder = openSiteHistory(task, { name: 'heap', ttlMs: 300 })
  const dataDir = await mkdtemp(join(tmpdir(), 'crossworker-heap-'))
  try {
    await using engines = await freshEngines(task)
    const complaint = await runProbe(task, { dataDir, services: engines.services }, recorder)
    if (complaint === undefined || task.signal.aborted) return
    noteGap(recorder, complaint)
  } catch (error) {
    noteGap(recorder, messageOf(error))
  } finally {
    recorder.close()
    await rm(dataDir, { recursive: true, force: true, maxRetries: 5 })
  }
}

function noteGap(recorder: Recorder, complaint: string): void {
  const reason = `heap: ${complaint}`
  recorder.note({ kind: 'gap', atMs: recorder.nowMs(), checks: ['boundedness'], reason })
}

/** @returns what went wrong, if anything did */
async function runProbe(
  task: CorrectnessTask,
  { dataDir, services }: { readonly dataDir: string; readonly services: Services },
  recorder: Recorder,
): Promise<string | undefined> {
  const rounds = String(task.expiryRounds)
  const words = ['--expose-gc', heapProbeEntry, task.strategy, dataDir, String(captchas), rounds]
  const child = spawn(process.execPath, words, {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: environmentWith(services),
  })
  const stop = () => child.kill('SIGKILL')
  const limit = setTimeout(stop, limitMs)
  task.signal.addEventListener('abort', stop, { once: true })
  let complaint = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint = `${complaint}${text}`.slice(-1_000)
  })
  const ended = once(child, 'exit')
  await keepLines(child, recorder)
  const [code] = await ended
  clearTimeout(limit)
  task.signal.removeEventListener('abort', stop)
  if (code === 0) return undefined
  return complaint.split('\n').find((line) => line.includes('Error')) ?? `the probe ended with ${code}`
}

async function keepLines({ stdout }: ChildProcess, recorder: Recorder): Promise<void> {
  if (stdout === null) return
  for await (const line of createInterface({ input: stdout })) {
    if (!line.startsWith('{"when":')) continue
    const counted: Omit<VolumeLine, 'kind' | 'atMs'> = JSON.parse(line)
    recorder.note({ kind: 'volume', atMs: recorder.nowMs(), ...counted })
  }
}
