import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { ReadyLine, ReplacedLine, WorkerProcess } from '../src/primary.js'
import { type CpuClock, openCpuClock, openCrowdClock, sumOf } from './cpu-clock.js'
import { serverEntry } from './paths.js'
import { isAlive } from './processes.js'
import { type OpenEngines, pidsOf } from './services/engine.js'
import { serverSettings, withoutServices } from './services/hand-over.js'

/** The longest a server may take from its start to its ready line. */
const readyLimitMs = 20_000

/** The longest it may take to drain; its own limit is shorter. */
const closeLimitMs = 8_000

export interface ServerOptions {
  /** Name in the registry, or path to a module. */
  readonly strategy: string
  readonly workers: number
  readonly ttlMs: number
  readonly render: 'svg' | 'none'
  /** 64 hexadecimal digits, the same for every server of a fleet. */
  readonly secret: string
  /** Somebody else's: neither made nor removed here, so that a second server can be started on it. A fresh one without. */
  readonly dataDir?: string
  /** What the server is run under, such as `['strace', '-f']`. */
  readonly wrapper?: readonly string[]
  /** What its strategy needs; their processes' CPU time counts as its own. */
  readonly engines?: OpenEngines
  /** Beside what the server inherits and is told by the other options. */
  readonly env?: Readonly<Record<string, string>>
}

/** The secret of the servers of a run: any will do, as long as all have the same. */
export function secretOf(seed: number): string {
  return seed.toString(16).padStart(64, '0')
}

/** A running server; disposing it ends its processes and removes its data directory, unless that was given. */
export interface Server extends AsyncDisposable {
  readonly endpoint: string
  readonly instance: string
  readonly dataDir: string
  /** Of the primary; of the wrapper, where there is one. Leads the process group. */
  readonly pid: number
  /** As of now: one that was replaced has another pid. */
  readonly workers: readonly WorkerProcess[]
  /**
   * Resolves the next time this worker has been replaced and listens.
   * @throws ServerError when the server ends instead
   */
  replaced(workerId: number): Promise<WorkerProcess>
  /** Kills all its processes at once, as a crash of the machine would, and resolves when they have gone. */
  kill(): Promise<void>
  /** CPU time of all its processes, and its engines', since they started, µs; `undefined` where the system does not tell. */
  cpuUs(): number | undefined
  /** Why it is no longer what was started: it, or one of its workers, has ended. `undefined` while all is well. */
  ended(): string | undefined
}

/** A server that did not come to listen; the message has its own last words. */
export class ServerError extends Error {
  override readonly name = 'ServerError'
}

/**
 * Starts a server in cluster mode on a free port of the loopback interface, in a process group of its own, and waits for
 * its ready line.
 * @throws ServerError when it ends or stays silent; nothing is left behind then
 */
export async function startServer(options: ServerOptions): Promise<Server> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'crossworker-')))
  const child = launch(options, dataDir)
  const stdout = jsonLines(child)
  const stderr = lastLines(child)
  const closed = new Promise<string>((resolve) => {
    child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`))
  })
  let end: string | undefined
  let cpu: CpuClock | undefined
  let crew: ReturnType<typeof followCrew> | undefined
  void closed.then((reason) => {
    end = [reason, ...stderr()].join(': ')
  })

  async function dispose(): Promise<void> {
    if (end === undefined) child.kill('SIGTERM')
    const limit = setTimeout(() => killGroup(child), closeLimitMs)
    await closed
    clearTimeout(limit)
    cpu?.close()
    // Members of the group that outlived the primary, if any: a paused worker, a child of a strategy's own.
    killGroup(child)
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true, maxRetries: 5 })
  }

  async function kill(): Promise<void> {
    killGroup(child)
    // Its pipes close with the last of the processes that share them, but that one's other files may still be open.
    await closed
    while (crew?.workers().some(({ pid }) => isAlive(pid))) await wait(1)
  }

  try {
    const ready = await Promise.race([stdout.ready, closed.then(() => undefined), silence()])
    if (ready === undefined)
      throw new ServerError(
        stderr()
          .join(' · ')
          .replace(/^crossworker: /, '') || `it ended: ${end}`,
      )
    const pid = child.pid ?? 0
    const followed = followCrew(ready, stdout.onReplaced)
    crew = followed
    void closed.then(() => followed.end(new ServerError(`it ended: ${end}`)))
    cpu = sumOf(
      openCpuClock([pid, ...ready.workers.map((worker) => worker.pid)]),
      openCrowdClock(() => pidsOf(options.engines)),
    )
    return {
      endpoint: ready.endpoints[0] ?? '',
      instance: ready.instance,
      dataDir,
      pid,
      get workers() {
        return followed.workers()
      },
      replaced: followed.replaced,
      kill,
      cpuUs: cpu.readUs,
      ended: () => end ?? stderr().find((line) => /^crossworker: worker \d+ ended/.test(line)),
      [Symbol.asyncDispose]: dispose,
    }
  } catch (error) {
    await dispose()
    throw error
  }
}

/** The IPC channel carries nothing; its end tells the server that the harness is gone, however that came about. */
function launch(options: ServerOptions, dataDir: string): ChildProcess {
  const { strategy, workers, ttlMs, render, secret, wrapper = [], engines, env } = options
  const { NODE_OPTIONS: _dropped, NODE_ENV: _too, ...inherited } = withoutServices(process.env)
  const [command = process.execPath, ...rest] = [...wrapper, process.execPath, serverEntry]
  return spawn(command, rest, {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: {
      ...inherited,
      ...(engines && serverSettings(engines.services)),
      ...env,
      STRATEGY: strategy,
      WORKERS: String(workers),
      TOPOLOGY: 'processes',
      HOST: '127.0.0.1',
      PORT: '0',
      DATA_DIR: dataDir,
      CAPTCHA_TTL_MS: String(ttlMs),
      CAPTCHA_SECRET: secret,
      REVEAL_ANSWERS: '1',
      RENDER: render,
    },
  })
}

interface JsonLines {
  readonly ready: Promise<ReadyLine>
  onReplaced(listener: (worker: WorkerProcess) => void): void
}

/** A strategy may print to stdout, so every line that is not one of the server's own is passed over. */
function jsonLines(child: ChildProcess): JsonLines {
  let replaced: (worker: WorkerProcess) => void = () => undefined
  const ready = new Promise<ReadyLine>((resolve) => {
    let text = ''
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      const lines = text.split('\n')
      text = lines.pop() ?? ''
      for (const line of lines) {
        if (line.startsWith('{"ready":true,')) resolve(JSON.parse(line))
        if (line.startsWith('{"replaced":true,')) replaced(parseReplaced(line).worker)
      }
    })
  })
  return {
    ready,
    onReplaced(listener) {
      replaced = listener
    },
  }
}

function parseReplaced(line: string): ReplacedLine {
  return JSON.parse(line)
}

interface Waiting {
  readonly workerId: number
  resolve(worker: WorkerProcess): void
  reject(error: ServerError): void
}

/** Who the workers are at the moment, and who waits for which of them to be replaced. */
function followCrew(ready: ReadyLine, onReplaced: JsonLines['onReplaced']) {
  const workers = new Map(ready.workers.map((worker) => [worker.id, worker]))
  let waiting: readonly Waiting[] = []
  let ended: ServerError | undefined
  onReplaced((worker) => {
    workers.set(worker.id, worker)
    for (const { workerId, resolve } of waiting) if (workerId === worker.id) resolve(worker)
    waiting = waiting.filter(({ workerId }) => workerId !== worker.id)
  })
  return {
    workers: () => [...workers.values()],
    replaced(workerId: number): Promise<WorkerProcess> {
      const next = new Promise<WorkerProcess>((resolve, reject) => {
        if (ended !== undefined) reject(ended)
        else waiting = [...waiting, { workerId, resolve, reject }]
      })
      // Asked for before the worker is killed, and awaited long after.
      next.catch(() => undefined)
      return next
    },
    end(error: ServerError) {
      ended = error
      for (const { reject } of waiting) reject(error)
      waiting = []
    },
  }
}

function silence(): Promise<never> {
  return new Promise((_resolve, reject) => {
    const error = new ServerError(`it did not listen within ${readyLimitMs / 1_000} s`)
    setTimeout(() => reject(error), readyLimitMs).unref()
  })
}

function lastLines(child: ChildProcess): () => readonly string[] {
  let lines: string[] = []
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    lines = [...lines, ...chunk.split('\n').filter((line) => line !== '')].slice(-3)
  })
  return () => lines
}

function killGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
  } catch {
    // No such group: all of it has gone.
  }
}
