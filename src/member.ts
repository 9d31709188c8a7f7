import cluster from 'node:cluster'
import { fileURLToPath } from 'node:url'
import { type MessagePort, parentPort, Worker as Thread } from 'node:worker_threads'
import type { Call, OpenCallChannel, Reply } from './call.js'
import type { Topology } from './strategy.js'
import { openPrimaryEnd, openWorkerEnd, stdioWithWire } from './wire.js'
import type { ToWorker, WorkerReport } from './worker.js'

/**
 * How primary and workers run and talk: processes over the cluster's IPC, and for calls a wire of their own; threads over a
 * port. Both ends stand here.
 */

/** One worker, as the primary sees it. */
export interface Member {
  /** Threads have that of their process. */
  readonly pid: number
  /** To one that has gone: lost, without harm. */
  send(message: ToWorker): void
  /**
   * To one that has gone: lost, without harm.
   * @throws when the value cannot be sent; nothing is sent then
   */
  answer(reply: Reply): void
  /** Ends it at once, whatever it is doing. */
  kill(): void
}

export interface MemberListener {
  /** `null` is no message of ours, but a library that a strategy uses may send it. */
  message(message: WorkerReport | null): void
  call(call: Call): void
  /** Told once, and nothing after it. */
  exit(reason: string): void
}

/** @param env beside what the primary has itself */
type StartMember = (env: Readonly<Record<string, string>>, listener: MemberListener) => Member

export const startMember: Readonly<Record<Topology, StartMember>> = {
  processes: startProcess,
  threads: startThread,
}

function startProcess(
  env: Readonly<Record<string, string>>,
  { message, call, exit }: MemberListener,
): Member {
  cluster.setupPrimary({ stdio: [...stdioWithWire] })
  const worker = cluster.fork(env)
  worker.on('error', () => undefined)
  const kill = () => void worker.process.kill('SIGKILL')
  let reason: string | undefined
  const wire = openPrimaryEnd(worker.process.stdio, {
    call,
    garbled() {
      reason = 'it sent something that is no call'
      kill()
    },
  })
  worker.on('message', message)
  worker.once('exit', (code, signal) => {
    wire.close()
    exit(reason ?? signal ?? `exit code ${code}`)
  })
  return {
    pid: worker.process.pid ?? 0,
    /** A bare `send` to a worker that has died in the meantime throws and takes the primary with it. */
    send(told) {
      if (worker.isConnected()) worker.send(told, undefined, () => undefined)
    },
    answer: wire.answer,
    kill,
  }
}

function startThread(env: Readonly<Record<string, string>>, { message, call, exit }: MemberListener): Member {
  const entry = fileURLToPath(new URL('./main.js', import.meta.url))
  const thread = new Thread(entry, { env: { ...process.env, ...env } })
  let reason: string | undefined
  thread.on('message', (heard: WorkerReport | Call | null) => {
    if (heard?.kind === 'call') call(heard)
    else message(heard)
  })
  // What a thread throws and nobody catches ends that thread alone; its 'exit' follows.
  thread.once('error', (error) => {
    reason = error.message
  })
  thread.once('exit', (code) => exit(reason ?? `exit code ${code}`))
  return {
    pid: process.pid,
    send: (told) => thread.postMessage(told),
    answer: (reply) => thread.postMessage(reply),
    kill: () => void thread.terminate(),
  }
}

/** The primary, as a worker sees it. */
export interface PrimaryChannel {
  /** Tells through `done` that the report is on its way, or cannot be; never throws. */
  send(report: WorkerReport, done: () => void): void
  /** Opened once; closed by whoever calls. */
  readonly openCalls: OpenCallChannel
  /** `null` is no message of ours, but a library that a strategy uses may send it. */
  listen(listener: (message: ToWorker | null) => void): void
  /** A worker that has nothing left to do ends with it. */
  close(): void
}

export function openPrimaryChannel(): PrimaryChannel {
  return parentPort === null ? overIpc() : overPort(parentPort)
}

function overIpc(): PrimaryChannel {
  return {
    /** Through the callback form alone: without it a closed channel is an exception nobody catches. */
    send(message, done) {
      if (process.send !== undefined && process.connected) process.send(message, undefined, undefined, done)
      else done()
    },
    openCalls: openWorkerEnd,
    listen: (listener) => void process.on('message', listener),
    close: () => process.disconnect(),
  }
}

function overPort(port: MessagePort): PrimaryChannel {
  return {
    send(message, done) {
      port.postMessage(message)
      done()
    },
    openCalls(settle) {
      port.on('message', (message: ToWorker | Reply | null) => {
        if (message?.kind === 'reply') settle(message)
      })
      return { send: (call) => port.postMessage(call), isFull: () => false, close() {} }
    },
    listen: (listener) => void port.on('message', listener),
    close: () => port.close(),
  }
}
