import { join } from 'node:path'
import { type LoadGenerator, openLoadGenerator } from '../load/generator.js'
import { openWarmUpLoad, type WarmUpLoad } from '../load/warm-up.js'
import { messageOf } from '../message-of.js'
import { packageRoot } from '../paths.js'
import type { Arm } from '../plan.js'
import type { OpenEngines } from '../services.js'
import type { Operation } from '../slices.js'
import { type Random, seededRandom, shuffle } from '../statistics.js'
import type { Stage } from '../timing/launch.js'
import { type Server, secretOf, startServer } from '../topology.js'
import type { ScalingCell, ScalingPhase, ScalingPlan, ScalingSeries } from './plan.js'
import { openStock, type Stock } from './stock.js'

/** A server and its captchas; cells that differ in connections alone share it. */
export interface Ground {
  readonly workers: number
  readonly population: number
  readonly server: Server
  /** Its own: what lives in another server's would count as living in this one's. */
  readonly engines: OpenEngines
  readonly load: WarmUpLoad
  readonly stock: Stock
}

/** A cell while its server runs. */
export interface Site {
  readonly cell: ScalingCell
  readonly ground: Ground
  generator: LoadGenerator
  /** Requests per slice; as many are taken as were written. */
  requests: Readonly<Record<Operation, number>>
}

/** The servers of one strategy, at all sizes, while they run. */
export interface Series extends Stage, AsyncDisposable {
  readonly scaling: ScalingPlan
  readonly arm: Arm
  readonly random: Random
  readonly grounds: Set<Ground>
  /** By the name of the cell; one that fails leaves. */
  readonly sites: Map<string, Site>
}

/** Cluster mode hands connections out in turn: with two for each worker none is left without. */
const stockConnections = 2

/**
 * The warm-up's connections for each worker, and the captchas each issues, reads and takes, one request at a time, before another
 * server has its turn.
 */
const warmUpLoad = { connections: 8, batch: 2 } as const

/**
 * A store that would need four times the time meant for the warm-up is given a quarter of it: its time goes to its medium,
 * not to code that waits for being compiled.
 */
const hopelessShare = 0.25

export function openSeries(stage: Stage, scaling: ScalingPlan, { arm, seed }: ScalingSeries): Series {
  const grounds = new Set<Ground>()
  const sites = new Map<string, Site>()
  return {
    ...stage,
    scaling,
    arm,
    random: seededRandom(seed),
    grounds,
    sites,
    async [Symbol.asyncDispose]() {
      for (const { generator } of sites.values()) generator[Symbol.dispose]()
      await Promise.all([...grounds].map(stop))
    },
  }
}

/**
 * Starts a server for each pair of workers and population, warms all of them up and fills them. What fails is a gap, and the
 * other cells go on without it.
 *
 * One server for each population, not one that is filled further and further: then size would be time, and a machine
 * that slows down would look like a store that does not scale.
 */
export async function startGrounds(series: Series): Promise<void> {
  const { scaling, signal, progress, arm, grounds, random } = series
  const sizes = new Map(cellsOf(scaling).map((cell) => [`${cell.workers} ${cell.population}`, cell]))
  for (const size of shuffle([...sizes.values()], random)) {
    if (signal.aborted) return
    progress.step(`scaling · ${arm.name} · starting ${size.workers} workers`)
    try {
      grounds.add(await startGround(series, size))
    } catch (error) {
      await recordGaps(series, size, messageOf(error))
    }
  }
  await warmUp(series)
  for (const ground of grounds) {
    if (signal.aborted) return
    progress.step(`scaling · ${arm.name} · issuing ${ground.population} captchas`)
    const { fillLimitMs: limitMs } = scaling
    const reason = await ground.stock.fill({ size: ground.population, limitMs, signal }).catch(messageOf)
    if (reason !== undefined) await abandon(series, ground, reason)
  }
}

function cellsOf({ phases }: ScalingPlan): readonly ScalingCell[] {
  return phases.flatMap(({ cells }) => cells)
}

type Size = Pick<ScalingCell, 'workers' | 'population'>

async function startGround(series: Series, { workers, population }: Size): Promise<Ground> {
  const { plan, scaling, arm, services } = series
  const engines = await services.fresh(arm.engines ?? [])
  let server: Server | undefined
  try {
    server = await startServer({
      strategy: arm.role === 'noop' ? join(packageRoot, arm.module) : arm.module,
      topology: plan.topology ?? 'processes',
      hosts: plan.hosts ?? 1,
      workers,
      ttlMs: scaling.ttlMs,
      render: 'none',
      secret: secretOf(plan.seed),
      engines,
    })
    // Handed over, what its taker does not know would live on, and nobody would count it.
    const load = await openWarmUpLoad(server, server.workers.length * warmUpLoad.connections, 0)
    const stock = await openStock(server, server.workers.length * stockConnections)
    return { workers, population, server, engines, load, stock }
  } catch (error) {
    await server?.[Symbol.asyncDispose]()
    await engines[Symbol.asyncDispose]()
    throw error
  }
}

/** In rounds over all servers, because one that is warmed up alone stays behind; and by worker, because each compiles for itself. */
async function warmUp(series: Series): Promise<void> {
  const { scaling, signal, progress, arm, grounds, random } = series
  const { requests, limitMs } = scaling.warmUp
  const startedMs = performance.now()
  for (let sent = 0; sent < requests; sent += warmUpLoad.connections * warmUpLoad.batch) {
    // Rounds are finished, so that no server is left a round behind.
    const spent = (performance.now() - startedMs) / limitMs
    if (spent > 1 || (spent > hopelessShare && sent / requests < spent * hopelessShare)) return
    progress.step(`scaling · ${arm.name} · warm-up`)
    for (const ground of shuffle([...grounds], random)) {
      if (signal.aborted) return
      const reason = await failureOf(warm(ground))
      if (reason !== undefined) await abandon(series, ground, reason)
    }
  }
}

/** A few requests that nobody measures. @throws Error when a connection is lost */
export function warm({ load }: Ground): Promise<void> {
  return load.send(warmUpLoad.batch)
}

function failureOf(promise: Promise<unknown>): Promise<string | undefined> {
  return promise.then(() => undefined, messageOf)
}

/** Connects to the cells of a phase whose servers run. */
export async function connectSites(series: Series, { cells, requests }: ScalingPhase): Promise<void> {
  for (const cell of cells) {
    const { workers, population } = cell
    const ground = [...series.grounds].find((one) => one.workers === workers && one.population === population)
    if (ground === undefined || series.signal.aborted) continue
    try {
      const generator = await openLoadGenerator(ground.server, cell.connections)
      const all = { write: requests, read: requests, take: requests }
      series.sites.set(cell.name, { cell, ground, generator, requests: all })
    } catch (error) {
      await abandon(series, ground, messageOf(error))
    }
  }
}

/** Closes what a phase was measured with, and the servers that no later one needs. */
export async function leaveSites(series: Series, later: readonly ScalingCell[]): Promise<void> {
  for (const { generator } of series.sites.values()) generator[Symbol.dispose]()
  series.sites.clear()
  for (const ground of [...series.grounds]) {
    const { workers, population } = ground
    if (later.some((cell) => cell.workers === workers && cell.population === population)) continue
    series.grounds.delete(ground)
    await stop(ground)
  }
}

/** New connections after a slice that cannot be believed; without a sound server its cells are out. */
export async function reconnect(series: Series, site: Site): Promise<void> {
  const { ground, cell } = site
  site.generator[Symbol.dispose]()
  if (ground.server.ended() !== undefined) return abandon(series, ground, 'it ended')
  try {
    site.generator = await openLoadGenerator(ground.server, cell.connections)
  } catch (error) {
    await abandon(series, ground, messageOf(error))
  }
}

/** Takes a server and its cells out; those of the other servers go on. */
export async function abandon(series: Series, ground: Ground, reason: string): Promise<void> {
  if (!series.grounds.delete(ground)) return
  for (const [name, site] of series.sites) {
    if (site.ground !== ground) continue
    site.generator[Symbol.dispose]()
    series.sites.delete(name)
  }
  const ended = ground.server.ended()
  await stop(ground)
  await recordGaps(series, ground, ended ?? reason)
}

/** One for each cell of such a server. */
async function recordGaps(
  { scaling, folder, arm, signal }: Series,
  size: Size,
  reason: string,
): Promise<void> {
  // What Ctrl-C cut short is said once, of the whole run.
  if (signal.aborted) return
  const lost = new Map(cellsOf(scaling).map((cell) => [cell.name, cell]))
  for (const { workers, connections, population } of lost.values()) {
    if (workers !== size.workers || population !== size.population) continue
    const place = { strategy: arm.name, workers, connections, population }
    await folder.appendScaling({ kind: 'scaling-gap', ...place, reason })
  }
}

async function stop({ load, stock, server, engines }: Ground): Promise<void> {
  load[Symbol.dispose]()
  stock[Symbol.dispose]()
  await server[Symbol.asyncDispose]()
  await engines[Symbol.asyncDispose]()
}
