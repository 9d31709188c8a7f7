import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { answerCall } from './call.js'
import { type Config, ConfigError } from './config.js'
import { loadStrategy } from './load-strategy.js'
import { type Member, startMember } from './member.js'
import type { Host } from './strategy.js'
import type { WorkerReport } from './worker.js'

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
  const ports = await findPorts(config)
  const { dataDir, workers, topology, secret, services, fleetHost } = config
  const host = await strategy.host?.({ dataDir, workers, topology, secret, services, fleetHost })
  const crew = createCrew({ config, ports, host })
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
 * Settles port 0 before the first worker starts: one port that all processes share, or one for each thread. Asked for port 0
 * themselves, processes would share one too, but a worker that replaces the last one alive would come back on another.
 */
async function findPorts({ host, port, topology, workers }: Config): Promise<readonly number[]> {
  const count = topology === 'threads' ? workers : 1
  const probes: Server[] = []
  try {
    for (let index = 0; index < count; index += 1)
      probes.push(await listening(host, port === 0 ? 0 : port + index))
    return probes.map((probe) => (probe.address() as AddressInfo).port)
  } finally {
    await Promise.all(probes.map((probe) => new Promise((resolve) => probe.close(resolve))))
  }
}

async function listening(host: string, port: number): Promise<Server> {
  const probe = createServer()
  try {
    await once(probe.listen(port, host), 'listening')
    return probe
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new ConfigError(`PORT: expected a port that is free on ${host}, got ${port} (${reason})`, { cause })
  }
}

interface CrewOptions {
  readonly config: Config
  /** One for all, or one for each worker. */
  readonly ports: readonly number[]
  readonly host: Host | undefined
}

interface Enlisted {
  readonly member: Member
  readonly ended: Promise<void>
}

/** The workers of one server: started together, replaced one by one when they crash, drained together. */
function createCrew({ config, ports, host }: CrewOptions) {
  const instance = randomUUID()
  const members = new Map<number, Enlisted>()
  const secret = Buffer.from(config.secret).toString('hex')
  const handle = host?.handle?.bind(host)
  let draining = false
  let giveUp: (error: Error) => void
  const failed = new Promise<never>((_resolve, reject) => {
    giveUp = reject
  })
  failed.catch(() => undefined)

  /** Resolves once the worker listens; from then on its end means a replacement. */
  function launch(workerId: number): Promise<void> {
    return new Promise((resolve, reject) => {
      let reason = 'it ended before it listened'
      let listening = false
      let gone: () => void = () => undefined
      const ended = new Promise<void>((settle) => {
        gone = settle
      })
      const heard: Heard = {
        hello: () => greet(member, workerId),
        failed: ({ message }) => {
          reason = message
        },
        listening: () => {
          listening = true
          resolve()
        },
      }
      const env = { CAPTCHA_SECRET: secret, PORT: String(ports[workerId] ?? ports[0]) }
      const member = startMember[config.topology](env, {
        message: (message) => hear(heard, message),
        call: (call) => answerCall(call, handle && ((asked) => handle(asked, workerId)), member.answer),
        exit(how) {
          members.delete(workerId)
          gone()
          if (!listening) reject(new Error(`worker ${workerId} did not start: ${reason}`))
          else if (!draining) void replace(workerId, how)
        },
      })
      members.set(workerId, { member, ended })
    })
  }

  function greet(member: Member, workerId: number): void {
    // Told to drain before it could listen, it heard nothing of it; it has opened nothing either.
    if (draining) member.kill()
    else member.send({ kind: 'start', workerId, instance, handoff: host?.handoff ?? null })
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
    return { id, pid: members.get(id)?.member.pid ?? 0 }
  }

  function readyLine(): ReadyLine {
    const workers = [...members.keys()].map(processOf)
    const origin = config.host.includes(':') ? `[${config.host}]` : config.host
    return {
      ready: true,
      instance,
      endpoints: ports.map((port) => `http://${origin}:${port}`),
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
  failed(report: { readonly message: string }): void
  listening(): void
}

/** Anything else is not for us: libraries that strategies use talk over the same channel (rate-limiter-flexible does). */
function hear(heard: Heard, message: WorkerReport | null): void {
  if (message?.kind === 'failed') heard.failed(message)
  else if (message?.kind === 'hello' || message?.kind === 'listening') heard[message.kind]()
}

async function dismiss({ member, ended }: Enlisted): Promise<void> {
  const limit = setTimeout(member.kill, drainLimitMs)
  member.send({ kind: 'drain' })
  await ended
  clearTimeout(limit)
}
