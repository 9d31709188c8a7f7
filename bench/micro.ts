import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import type { Services } from '../src/strategy.js'
import { messageOf } from './message-of.js'
import type { MicroLine, MicroTask } from './micro/records.js'
import { microEntry } from './paths.js'
import { killGroup } from './processes.js'
import { environmentWith } from './services/hand-over.js'
import type { Stage } from './timing/launch.js'

/** The micro study: each store alone, in a process like a worker. One strategy after another; nothing else runs. */
export async function measureMicro({ plan, folder, services, progress, signal }: Stage): Promise<void> {
  for (const { name, module, engines = [], skipped } of plan.entrants) {
    if (skipped !== undefined || signal.aborted || plan.micro === undefined) continue
    progress.note(`micro · ${name}`)
    const keep = (line: MicroLine) => folder.appendMicro(line)
    try {
      // Its own: its populations are part of what is measured.
      await using open = await services.fresh(engines)
      await timeOne(
        { task: { ...plan.micro, strategy: name, module }, services: open.services },
        keep,
        signal,
      )
    } catch (error) {
      await keep({ kind: 'micro-gap', strategy: name, population: 0, reason: messageOf(error) })
    }
  }
}

/** A process that says nothing for so long is ended, ms: no operation of a store that works takes a fraction of it. */
const silenceLimitMs = 20_000

interface Job {
  readonly task: MicroTask
  readonly services: Services
}

async function timeOne(
  { task, services }: Job,
  keep: (line: MicroLine) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const child = spawn(process.execPath, [microEntry, JSON.stringify(task)], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: environmentWith(services),
  })
  const stop = () => {
    if (child.connected) child.disconnect()
  }
  signal.addEventListener('abort', stop, { once: true })
  let complaint = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaint = `${complaint}${text}`.slice(-400)
  })
  const ended = once(child, 'exit')
  let isSilent = false
  const silence = setTimeout(() => {
    isSilent = true
    killGroup(child)
  }, silenceLimitMs)
  for await (const line of linesOf(child)) {
    if (line.startsWith('{"kind":')) silence.refresh()
    if (line.startsWith('{"kind":"micro')) await keep(JSON.parse(line))
  }
  const [code] = await ended
  clearTimeout(silence)
  signal.removeEventListener('abort', stop)
  if (code === 0 || signal.aborted) return
  const reason = isSilent
    ? `nothing was heard of it for ${silenceLimitMs / 1_000} s`
    : (complaint.split('\n').find((line) => line.includes('Error')) ?? `it ended with ${code}`)
  await keep({ kind: 'micro-gap', strategy: task.strategy, population: 0, reason })
}

function linesOf({ stdout }: ChildProcess): AsyncIterable<string> {
  const input: Readable | null = stdout
  if (input === null) throw new Error('expected the micro process to have a standard output')
  return createInterface({ input })
}
