import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { serverSettings } from './services/hand-over.js'
import { ServerError } from './topology/crew.js'
import { type Server, type ServerOptions, startHost } from './topology/host.js'

export { ServerError } from './topology/crew.js'
export { type Program, type Server, type ServerOptions, secretOf } from './topology/host.js'

/** One host's server, or those of several: clusters of the same secret and services, each with a directory of its own. */
export interface TopologyOptions extends ServerOptions {
  /** One unless told. */
  readonly hosts?: number
}

/**
 * Starts the servers of an experiment on free ports of the loopback interface and waits until all of their workers listen.
 * Workers are numbered through, host by host.
 * @throws ServerError when one ends or stays silent; nothing is left behind then
 */
export async function startServer({ hosts = 1, ...options }: TopologyOptions): Promise<Server> {
  if (hosts === 1) return startHost(options)
  const { engines, env, ...same } = options
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'crossworker-')))
  const started: Server[] = []

  async function dispose(): Promise<void> {
    await Promise.all(started.map((host) => host[Symbol.asyncDispose]()))
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true, maxRetries: 5 })
  }

  try {
    for (let host = 0; host < hosts; host += 1) {
      const own = join(dataDir, `host-${host}`)
      await mkdir(own, { recursive: true })
      // The engines' CPU time counts once.
      const share = host === 0 && engines ? { engines } : {}
      const settings = {
        ...same,
        ...share,
        env: { ...(engines && serverSettings(engines.services)), ...env },
      }
      started.push(await startHost({ ...settings, dataDir: own }, host * options.workers))
    }
    return fleetOf(started, dataDir, dispose)
  } catch (error) {
    await dispose()
    throw error
  }
}

function fleetOf(started: readonly Server[], dataDir: string, dispose: () => Promise<void>): Server {
  const [one, ...others] = started
  if (one === undefined) throw new ServerError('expected at least one host, got none')
  return {
    topology: one.topology,
    addresses: [...one.addresses, ...others.flatMap(({ addresses }) => addresses)],
    dataDir,
    primaries: started.flatMap(({ primaries }) => primaries),
    get workers() {
      return started.flatMap(({ workers }) => workers)
    },
    async replaced(workerId) {
      const host = started.find(({ workers }) => workers.some(({ id }) => id === workerId))
      if (host === undefined) throw new ServerError(`expected worker ${workerId} to run, found none`)
      return host.replaced(workerId)
    },
    async kill() {
      await Promise.all(started.map((host) => host.kill()))
    },
    cpuUs: () => sumKnown(started.map((host) => host.cpuUs())),
    ended: () => started.map((host) => host.ended()).find((reason) => reason !== undefined),
    [Symbol.asyncDispose]: dispose,
  }
}

function sumKnown(parts: readonly (number | undefined)[]): number | undefined {
  return parts.reduce((sum, part) => (sum === undefined || part === undefined ? undefined : sum + part), 0)
}
