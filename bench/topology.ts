import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ReadyLine } from '../src/primary.js'
import { type CpuClock, openCpuClock } from './cpu-clock.js'
import { serverEntry } from './paths.js'

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
}

/** A running server with a fresh data directory; disposing it ends its processes and removes the directory. */
export interface Server extends AsyncDisposable {
  readonly endpoint: string
  readonly instance: string
  readonly workers: ReadyLine['workers']
  /** CPU time of all its processes since they started, µs; `undefined` where the system does not tell. */
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
  const dataDir = await mkdtemp(join(tmpdir(), 'crossworker-'))
  const child = launch(options, dataDir)
  const stderr = lastLines(child)
  const closed = new Promise<string>((resolve) => {
    child.once('close', (code, signal) => resolve(signal ?? `exit code ${code}`))
  })
  let end: string | undefined
  let cpu: CpuClock | undefined
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
    await rm(dataDir, { recursive: true, force: true, maxRetries: 5 })
  }

  try {
    const ready = await Promise.race([readyLine(child), closed.then(() => undefined), silence()])
    if (ready === undefined)
      throw new ServerError(
        stderr()
          .join(' · ')
          .replace(/^crossworker: /, '') || `it ended: ${end}`,
      )
    cpu = openCpuClock([child.pid ?? 0, ...ready.workers.map(({ pid }) => pid)])
    return {
      endpoint: ready.endpoints[0] ?? '',
      instance: ready.instance,
      workers: ready.workers,
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
function launch({ strategy, workers, ttlMs, render, secret }: ServerOptions, dataDir: string): ChildProcess {
  const { NODE_OPTIONS: _dropped, NODE_ENV: _too, ...inherited } = process.env
  return spawn(process.execPath, [serverEntry], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: {
      ...inherited,
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

/** A strategy may print to stdout, so every line that is not the ready line is passed over. */
function readyLine(child: ChildProcess): Promise<ReadyLine> {
  return new Promise((resolve) => {
    let text = ''
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      const lines = text.split('\n')
      text = lines.pop() ?? ''
      const line = lines.find((candidate) => candidate.startsWith('{"ready":true,'))
      if (line !== undefined) resolve(JSON.parse(line))
    })
  })
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
