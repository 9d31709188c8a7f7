import cluster from 'node:cluster'
import { fileURLToPath } from 'node:url'
import { type MessagePort, parentPort, Worker as Thread } from 'node:worker_threads'
import type { Call } from './call.js'
import type { Topology } from './strategy.js'
import type { ToWorker, WorkerReport } from './worker.js'

/** How primary and workers run and talk: processes over the cluster's IPC, threads over a port. Both ends stand here. */

/** One worker, as the primary sees it. */
export interface Member {
  /** Threads have that of their process. */
  readonly pid: number
  /** To one that has gone: lost, without harm. */
  send(message: ToWorker): void
  /** Ends it at once, whatever it is doing. */
  kill(): void
}

export interface MemberListener {
  /** `null` is no message of ours, but a library that a strategy uses may send it. */
  message(message: WorkerReport | Call | null): void
  /** Told once. */
  exit(reason: string): void
}

/** @param env beside what the primary has itself */
type StartMember = (env: Readonly<Record<string, string>>, listener: MemberListener) => Member

export const startMember: Readonly<Record<Topology, StartMember>> = {
  processes: startProcess,
  threads: startThread,
}

function startProcess(env: Readonly<Record<string, string>>, { message, exit }: MemberListener): Member {
  const worker = cluster.fork(env)
  worker.on('error', () => undefined)
  worker.on('message', message)
  worker.once('exit', (code, signal) => exit(signal ?? `exit code ${code}`))
  return {
    pid: worker.process.pid ?? 0,
    /** A bare `send` to a worker that has died in the meantime throws and takes the primary with it. */
    send(told) {
      if (worker.isConnected()) worker.send(told, undefined, () => undefined)
    },
    kill: () => void worker.process.kill('SIGKILL'),
  }
}

function startThread(env: Readonly<Record<string, string>>, { message, exit }: MemberListener): Member {
  const entry = fileURLToPath(new URL('./main.js', import.meta.url))
  const thread = new Thread(entry, { env: { ...process.env, ...env } })
  let reason: string | undefined
  thread.on('message', message)
  // What a thread throws and nobody catches ends that thread alone; its 'exit' follows.
  thread.once('error', (error) => {
    reason = error.message
  })
  thread.once('exit', (code) => exit(reason ?? `exit code ${code}`))
  return { pid: process.pid, send: (told) => thread.postMessage(told), kill: () => void thread.terminate() }
}

/** The primary, as a worker sees it. */
export interface PrimaryChannel {
  /** Tells through `done` that a message could not be handed over; never throws. */
  send(message: object, done: (error: Error | null) => void): void
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
      else done(new Error('the channel is closed'))
    },
    listen: (listener) => void process.on('message', listener),
    close: () => process.disconnect(),
  }
}

function overPort(port: MessagePort): PrimaryChannel {
  return {
    send(message, done) {
      try {
        port.postMessage(message)
        done(null)
      } catch (error) {
        done(error instanceof Error ? error : new Error(String(error)))
      }
    },
    listen: (listener) => void port.on('message', listener),
    close: () => port.close(),
  }
}
