import { setMaxListeners } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Topology } from '../../src/strategy.js'
import type { CheckName } from '../checkers/check.js'
import { createHistory, type Recorder } from '../history-file.js'
import { openRecordedClient, type RecordedClient } from '../load/recorded-client.js'
import { messageOf } from '../message-of.js'
import type { OpenEngines } from '../services.js'
import { type Random, seededRandom } from '../statistics.js'
import { type Server, secretOf, startServer } from '../topology.js'
import { createLedger, type Ledger } from './ledger.js'
import { withPatience } from './patience.js'
import { type CorrectnessTask, freshEngines, type SiteName, siteNames } from './task.js'

/** One data directory, the server on it, the clients of that server, and the history of it all. */
export interface OpenSite {
  readonly task: CorrectnessTask
  readonly name: SiteName
  readonly ttlMs: number
  readonly dataDir: string
  /** What its strategy needs, for this site alone. */
  readonly engines: OpenEngines
  readonly random: Random
  readonly recorder: Recorder
  readonly client: RecordedClient
  readonly ledger: Ledger
  /** The one that runs, or ran last. */
  server(): Server
  /** Starts another server on the same data, after the last one has ended, and leads the clients there. */
  startAgain(): Promise<void>
}

export interface SiteOptions {
  readonly name: SiteName
  readonly ttlMs: number
  /** The longest a request may take, ms. */
  readonly limitMs: number
  /** Connections to each worker, where more than usual are wanted. */
  readonly perWorker?: number
  /** What stays unknown when the site fails. */
  readonly checks: readonly CheckName[]
  /** Captchas of each kind that are come back to later; as the task says, unless told. */
  readonly remembered?: number
  /** In place of the task's own. */
  readonly strategy?: string
  readonly topology?: Topology
  readonly hosts?: number
  readonly env?: Readonly<Record<string, string>>
  /** A directory to be used in place of a fresh one; removed by whoever made it. */
  readonly dataDir?: string
  /** Runs once the server has been stopped in good order. */
  after?(site: Pick<OpenSite, 'recorder' | 'dataDir' | 'engines'>): Promise<void>
}

/** Enough to race twice on each worker while others work on. */
const usualPerWorker = 8

const balanceLimitMs = 30_000

/**
 * Runs one site and writes its history. What goes wrong on the way is a gap in the history, never an exception; processes and
 * directories are gone in the end.
 * @throws Error when the history cannot be written
 */
export async function runSite(
  task: CorrectnessTask,
  options: SiteOptions,
  run: (site: OpenSite) => Promise<void>,
): Promise<void> {
  const { name, checks } = options
  const recorder = openSiteHistory(task, options)
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), `crossworker-${name}-`)))
  try {
    await using engines = await freshEngines(task)
    await serve({ task, options, recorder, dataDir, engines, run })
    if (!task.signal.aborted) await options.after?.({ recorder, dataDir, engines })
  } catch (error) {
    const reason = messageOf(error)
    recorder.note({ kind: 'gap', atMs: recorder.nowMs(), checks, reason: `${name}: ${reason}`, ended: true })
  } finally {
    recorder.close()
    if (options.dataDir === undefined) await rm(dataDir, { recursive: true, force: true, maxRetries: 5 })
  }
}

type Stage = Pick<SiteOptions, 'name' | 'ttlMs' | 'topology' | 'hosts'>

function placeOf(task: CorrectnessTask, options: Stage): Required<Pick<Stage, 'topology' | 'hosts'>> {
  return { topology: options.topology ?? task.topology, hosts: options.hosts ?? task.hosts }
}

/** Begins the history of a site. */
export function openSiteHistory(task: CorrectnessTask, options: Stage): Recorder {
  const { folder, name: strategy, claims, seed } = task
  const { name, ttlMs } = options
  const { topology, hosts } = placeOf(task, options)
  const workers = hosts * task.workers
  const site = { kind: 'site', strategy, name, claims, topology, hosts, workers, ttlMs, seed } as const
  return createHistory(join(folder, `${strategy}.${name}.ndjson`), site)
}

interface Serving {
  readonly task: CorrectnessTask
  readonly options: SiteOptions
  readonly recorder: Recorder
  readonly dataDir: string
  readonly engines: OpenEngines
  readonly run: (site: OpenSite) => Promise<void>
}

async function serve({ task, options, recorder, dataDir, engines, run }: Serving): Promise<void> {
  const { name, ttlMs, limitMs, strategy = task.strategy, env = {} } = options
  const { workers, seed } = task
  const secret = secretOf(seed)
  const place = placeOf(task, options)
  const settings = {
    strategy,
    ...place,
    workers,
    ttlMs,
    render: 'none',
    secret,
    dataDir,
    engines,
    env,
  } as const
  let server = await startServer(settings)
  const hopeless = new AbortController()
  const recorded = openRecordedClient({
    recorder,
    addresses: server.addresses,
    workers: place.hosts * workers,
    perWorker: options.perWorker ?? usualPerWorker,
    limitMs,
  })
  const signal = AbortSignal.any([task.signal, hopeless.signal])
  // Every captcha that is waited for listens, thousands at a time.
  setMaxListeners(0, signal)
  const client = withPatience(recorded, (reason) => hopeless.abort(new Error(reason)))

  async function startAgain(): Promise<void> {
    await server[Symbol.asyncDispose]()
    server = await startServer(settings)
    client.moveTo(server.addresses)
  }

  try {
    if (!(await client.balanced(balanceLimitMs)))
      throw new Error(`expected connections to all ${client.workers} workers, got none to some`)
    await run({
      // What is left undone when nothing is answered is left undone as when the run is ended.
      task: { ...task, signal },
      name,
      ttlMs,
      dataDir,
      engines,
      recorder,
      client,
      random: seededRandom(seed + siteNames.indexOf(name)),
      ledger: createLedger(options.remembered ?? task.remembered),
      server: () => server,
      startAgain,
    })
    hopeless.signal.throwIfAborted()
  } finally {
    client[Symbol.dispose]()
    await server[Symbol.asyncDispose]()
  }
}
