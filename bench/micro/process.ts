import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { answerCall, createCaller } from '../../src/call.js'
import { loadStrategy } from '../../src/load-strategy.js'
import type { Host } from '../../src/strategy.js'
import { openPrimaryEnd, openWorkerEnd, stdioWithWire } from '../../src/wire.js'
import { handedOver } from '../services/hand-over.js'
import { type AliveLine, aliveLine, type MicroLine, type MicroTask } from './records.js'
import { timeStore } from './tasks.js'

/**
 * A program of its own, in two processes as a server has them: one hosts the strategy's primary half, its child opens the
 * store and times it, and calls between the two cross a real channel. Prints a JSON line for each figure.
 * Arguments: the task as JSON; the child has the data directory besides.
 */
const [taskText = '', dataDir, handoffText = 'null'] = process.argv.slice(2)
const task: MicroTask = JSON.parse(taskText)
const services = handedOver()
/** Any will do, as long as both halves have the same. */
const secret = new Uint8Array(32)

await (dataDir === undefined ? runPrimary() : runWorker(dataDir))

async function runPrimary(): Promise<void> {
  const strategy = await loadStrategy(task.module)
  const directory = await mkdtemp(join(tmpdir(), 'crossworker-micro-'))
  let code: number | null = 1
  try {
    const host = await strategy.host?.({
      dataDir: directory,
      workers: 1,
      topology: 'processes',
      secret,
      services,
      fleetHost: '127.0.0.1',
    })
    code = await runHosted(directory, host)
    await host?.close()
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
  process.exit(code ?? 1)
}

/** @returns the worker's exit code; ends it when the harness goes, also when that was before it was started */
async function runHosted(directory: string, host: Host | undefined): Promise<number | null> {
  if (!process.connected) return null
  const handle = host?.handle?.bind(host)
  const handoff = JSON.stringify(host?.handoff ?? null)
  const worker = fork(fileURLToPath(import.meta.url), [taskText, directory, handoff], {
    stdio: [...stdioWithWire],
  })
  const kill = () => worker.kill('SIGKILL')
  process.once('disconnect', kill)
  const wire = openPrimaryEnd(worker.stdio, {
    call: (call) => answerCall(call, handle && ((message) => handle(message, 0)), wire.answer),
    garbled: kill,
  })
  const [code] = await once(worker, 'exit')
  wire.close()
  return code
}

async function runWorker(directory: string): Promise<void> {
  const caller = createCaller(openWorkerEnd)
  const strategy = await loadStrategy(task.module)
  const store = await strategy.open({
    dataDir: directory,
    workerId: 0,
    workers: 1,
    secret,
    services,
    handoff: JSON.parse(handoffText),
    call: caller.call,
  })
  await timeStore(store, task, print, () => print(aliveLine))
  await store.close()
  caller.close()
  process.disconnect()
}

/** On a line of its own, whatever the store has printed. */
function print(line: MicroLine | AliveLine): void {
  process.stdout.write(`\n${JSON.stringify(line)}\n`)
}
