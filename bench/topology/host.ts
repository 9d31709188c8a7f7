import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { ReadyLine, WorkerProcess } from '../../src/primary.js'
import type { Topology } from '../../src/strategy.js'
import { type CpuClock, openCpuClock, openCrowdClock, sumOf } from '../cpu-clock.js'
import type { Address, Addresses } from '../load/address.js'
import { serverEntry } from '../paths.js'
import { isAlive, killGroup } from '../processes.js'
import { type OpenEngines, pidsOf } from '../services/engine.js'
import { serverSettings, withoutServices } from '../services/hand-over.js'
import { followCrew, jsonLines, lastLines, ServerError } from './crew.js'

/** The longest a server may take from its start to its ready line. */
const readyLimitMs = 20_000

/** The longest it may take to drain; its own limit is shorter. */
const closeLimitMs = 8_000

/** The server of another version. */
export interface Program {
  /** Its main module. */
  readonly entry: string
  /** From where it takes a strategy's relative path. */
  readonly cwd: string
}

export interface ServerOptions {
  /** Name in the registry, or path to a module. */
  readonly strategy: string
  /** How workers run; as processes unless told. */
  readonly topology?: Topology
  /** Of each host. */
  readonly workers: number
  readonly ttlMs: number
  readonly render: 'svg' | 'none'
  /** 64 hexadecimal digits, the same for every server of a fleet. */
  readonly secret: string
  /** Somebody else's: neither made nor removed here, so that a second server can be started on it. A fresh one without. */
  readonly dataDir?: string
  /** What the server is run under, such as `['strace', '-f']`. */
  readonly wrapper?: readonly string[]
  /** Options of Node's own, for all of its processes; none, unless told. */
  readonly nodeOptions?: readonly string[]
  /** What its strategy needs; their processes' CPU time counts as its own. */
  readonly engines?: OpenEngines
  /** This working copy's own unless told. */
  readonly program?: Program | undefined
  /** Beside what the server inherits and is told by the other options. */
  readonly env?: Readonly<Record<string, string>>
}

/** The secret of the servers of a run: any will do, as long as all have the same. */
export function secretOf(seed: number): string {
  return seed.toString(16).padStart(64, '0')
}

/** Running server processes; disposing it ends them and removes the data directory, unless that was given. */
export interface Server extends AsyncDisposable {
  readonly topology: Topology
  readonly addresses: Addresses
  readonly dataDir: string
  /** Of the primary of each host; of the wrapper, where there is one. Each leads a process group. */
  readonly primaries: readonly number[]
  /** As of now: one that was replaced has another pid. Threads have that of their process. */
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

/**
 * Starts a server in cluster mode on a free port of the loopback interface, in a process group of its own, and waits for
 * its ready line.
 * @param first number of its first worker
 * @throws ServerError when it ends or stays silent; nothing is left behind then
 */
export async function startHost(options: ServerOptions, first = 0): Promise<Server> {
  const { topology = 'processes' } = options
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
    const followed = followCrew(ready, stdout.onReplaced, first)
    crew = followed
    void closed.then(() => followed.end(new ServerError(`it ended: ${end}`)))
    cpu = sumOf(
      openCpuClock([pid, ...ready.workers.map((worker) => worker.pid)]),
      openCrowdClock(() => pidsOf(options.engines)),
    )
    return {
      topology,
      addresses: addressesOf(ready, first),
      dataDir,
      primaries: [pid],
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

function addressesOf({ endpoints, instance, workers }: ReadyLine, first: number): Addresses {
  const numbers = workers.map(({ id }) => first + id)
  const [address, ...others] = endpoints.map((endpoint, index): Address => {
    const own = endpoints.length === 1 ? numbers : numbers.slice(index, index + 1)
    return { endpoint, instance, workers: own, first }
  })
  if (address === undefined) throw new ServerError('its ready line named no endpoint')
  return [address, ...others]
}

/** The IPC channel carries nothing; its end tells the server that the harness is gone, however that came about. */
function launch(options: ServerOptions, dataDir: string): ChildProcess {
  const {
    strategy,
    topology = 'processes',
    workers,
    ttlMs,
    render,
    secret,
    wrapper = [],
    nodeOptions = [],
    engines,
    program,
    env,
  } = options
  const { NODE_OPTIONS: _dropped, NODE_ENV: _too, ...inherited } = withoutServices(process.env)
  const entry = program?.entry ?? serverEntry
  const [command = process.execPath, ...rest] = [...wrapper, process.execPath, ...nodeOptions, entry]
  return spawn(command, rest, {
    detached: true,
    ...(program && { cwd: program.cwd }),
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: {
      ...inherited,
      ...(engines && serverSettings(engines.services)),
      ...env,
      STRATEGY: strategy,
      WORKERS: String(workers),
      TOPOLOGY: topology,
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

function silence(): Promise<never> {
  return new Promise((_resolve, reject) => {
    const error = new ServerError(`it did not listen within ${readyLimitMs / 1_000} s`)
    setTimeout(() => reject(error), readyLimitMs).unref()
  })
}
