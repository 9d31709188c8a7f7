import cluster, { type Worker } from 'node:cluster'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { answerCall, type Call } from './call.js'
import { type Config, ConfigError } from './config.js'
import { loadStrategy } from './load-strategy.js'
import type { Host } from './strategy.js'
import type { ToWorker, WorkerReport } from './worker.js'

/** A worker that has not gone this long after being told to drain is killed. */
const drainLimitMs = 5_000

/** Restarts in a row that never came to listen, after which the server gives up. */
const restartLimit = 5

/** The line the server prints on stdout once every worker listens. */
export interface ReadyLine {
  readonly ready: true
  readonly instance: string
  readonly endpoints: readonly string[]
  readonly workers: readonly WorkerProcess[]
}

export interface WorkerProcess {
  readonly id: number
  readonly pid: number
}

/** The line it prints each time a worker that ended has been replaced: the new one listens. */
export interface ReplacedLine {
  readonly replaced: true
  readonly worker: WorkerProcess
}

/**
 * Runs the server until a signal, the end of the parent that started it with an IPC channel, or a failure.
 * @throws ConfigError, StrategyError or the first worker's reason when the server cannot start; nothing is left running
 */
export async function runPrimary(config: Config): Promise<void> {
  // Listened for before anything else: a parent that goes while workers start must not be missed.
  const ended = endRequested()
  try {
    await serve(config, ended)
  } finally {
    if (process.connected) process.disconnect()
  }
}

async function serve(config: Config, ended: Promise<'ended'>): Promise<void> {
  const strategy = await loadStrategy(config.strategy).catch((cause: Error) => {
    throw new ConfigError(`STRATEGY: ${cause.message}`, { cause })
  })
  await mkdir(config.dataDir, { recursive: true }).catch((cause: Error) => {
    throw new ConfigError(
      `DATA_DIR: expected a directory that can be written, got ${config.dataDir} (${cause.message})`,
    )
  })
  const port = await findPort(config)
  const { dataDir, workers, topology, services } = config
  const host = await strategy.host?.({ dataDir, workers, topology, services })
  const crew = createCrew({ config, port, host })
  try {
    if ((await Promise.race([crew.start(), ended])) === 'ended') return
    print(crew.readyLine())
    await Promise.race([ended, crew.failed])
  } finally {
    await crew.drain()
    await host?.close()
  }
}

/** Also when the parent that started this server is gone: nothing is left behind by a killed harness. */
function endRequested(): Promise<'ended'> {
  return new Promise((resolve) => {
    for (const event of ['SIGTERM', 'SIGINT', 'SIGHUP', 'disconnect'])
      process.once(event, () => resolve('ended'))
    if (process.connected === false) resolve('ended')
  })
}

/**
 * Settles port 0 before the first fork. Asked for port 0 themselves, workers would share one port too, but a worker that
 * replaces the last one alive would come back on another.
 */
async function findPort({ host, port }: Config): Promise<number> {
  const probe = createServer()
  try {
    await once(probe.listen(port, host), 'listening')
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new ConfigError(`PORT: expected a port that is free on ${host}, got ${port} (${reason})`, { cause })
  }
  const { port: found } = probe.address() as AddressInfo
  await new Promise((resolve) => probe.close(resolve))
  return found
}

interface CrewOptions {
  readonly config: Config
  readonly port: number
  readonly host: Host | undefined
}

/** The workers of one server: started together, replaced one by one when they crash, drained together. */
function createCrew({ config, port, host }: CrewOptions) {
  const instance = randomUUID()
  const members = new Map<number, Worker>()
  const env = { CAPTCHA_SECRET: Buffer.from(config.secret).toString('hex'), PORT: String(port) }
  let draining = false
  let giveUp: (error: Error) => void
  const failed = new Promise<never>((_resolve, reject) => {
    giveUp = reject
  })
  failed.catch(() => undefined)

  /** Resolves once the worker listens; from then on its end means a replacement. */
  function launch(workerId: number): Promise<void> {
    const worker = cluster.fork(env)
    members.set(workerId, worker)
    return new Promise((resolve, reject) => {
      let reason = 'it ended before it listened'
      let listening = false
      const heard = {
        hello: () => greet(worker, workerId),
        call: (call: Call) => void answer(worker, workerId, call),
        failed: ({ message }: { message: string }) => {
          reason = message
        },
        listening: () => {
          listening = true
          resolve()
        },
      }
      worker.on('error', () => undefined)
      worker.on('message', (message: WorkerReport | Call) => hear(heard, message))
      worker.once('exit', (code, signal) => {
        members.delete(workerId)
        if (!listening) reject(new Error(`worker ${workerId} did not start: ${reason}`))
        else if (!draining) void replace(workerId, signal ?? `exit code ${code}`)
      })
    })
  }

  function greet(worker: Worker, workerId: number): void {
    // Told to drain before it could listen, it heard nothing of it; it has opened nothing either.
    if (draining) worker.process.kill('SIGKILL')
    else send(worker, { kind: 'start', workerId, instance, handoff: host?.handoff ?? null })
  }

  async function answer(worker: Worker, workerId: number, call: Call): Promise<void> {
    const handle = host?.handle?.bind(host)
    const reply = await answerCall(call, handle && ((message) => handle(message, workerId)))
    send(worker, reply)
  }

  async function replace(workerId: number, reason: string): Promise<void> {
    process.stderr.write(`crossworker: worker ${workerId} ended (${reason}); starting it again\n`)
    for (let attempt = 1; !draining; attempt += 1) {
      try {
        await launch(workerId)
        return print({ replaced: true, worker: processOf(workerId) })
      } catch (error) {
        if (attempt === restartLimit) return giveUp(error instanceof Error ? error : new Error(String(error)))
      }
    }
  }

  async function start(): Promise<void> {
    await Promise.all(Array.from({ length: config.workers }, (_, workerId) => launch(workerId)))
  }

  function processOf(id: number): WorkerProcess {
    return { id, pid: members.get(id)?.process.pid ?? 0 }
  }

  function readyLine(): ReadyLine {
    const workers = [...members.keys()].map(processOf)
    const origin = config.host.includes(':') ? `[${config.host}]` : config.host
    return {
      ready: true,
      instance,
      endpoints: [`http://${origin}:${port}`],
      workers: workers.sort((a, b) => a.id - b.id),
    }
  }

  async function drain(): Promise<void> {
    draining = true
    await Promise.all([...members.values()].map(dismiss))
  }

  return { start, readyLine, drain, failed }
}

function print(line: ReadyLine | ReplacedLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

interface Heard {
  hello(): void
  call(call: Call): void
  failed(report: { readonly message: string }): void
  listening(): void
}

function hear(heard: Heard, message: WorkerReport | Call): void {
  if (message.kind === 'call') heard.call(message)
  else if (message.kind === 'failed') heard.failed(message)
  else heard[message.kind]()
}

async function dismiss(worker: Worker): Promise<void> {
  const gone = once(worker, 'exit')
  const limit = setTimeout(() => worker.process.kill('SIGKILL'), drainLimitMs)
  send(worker, { kind: 'drain' })
  await gone
  clearTimeout(limit)
}

/** To a worker that has died in the meantime a bare `send` throws and takes the primary with it. */
function send(worker: Worker, message: ToWorker): void {
  if (worker.isConnected()) worker.send(message, undefined, () => undefined)
}
