import type { Claims, Engine, Topology } from '../../src/strategy.js'
import type { OpenEngines, RunServices } from '../services.js'

/** In the order in which they are begun: the longest first, so that sites at once end together. */
export const siteNames = [
  'ordinary',
  'faults',
  'heap',
  'engine',
  'pause',
  'expiry',
  'clock',
  'full-disk',
  'threads',
  'fleet',
] as const
export type SiteName = (typeof siteNames)[number]

/** How thoroughly one strategy is looked at. */
export interface Intensity {
  /** Of the ordinary site: it ends when so many have been issued, or its time is up. */
  readonly captchas: number
  /** About so many of them are raced for. */
  readonly races: number
  readonly ordinaryLimitMs: number
  readonly faultsPerKind: number
  /** Captchas that live and die in each round of the expiry site. */
  readonly expiring: number
  readonly expiryRounds: number
  /** Captchas of each kind that are remembered until a fault has been healed, and then looked at. */
  readonly remembered: number
  /** Of each client after each captcha while faults strike: most of that time is waiting, and others need the processor. */
  readonly restMs: number
  /** Sites that run side by side. They are independent, and most of their time is waiting. */
  readonly sitesAtOnce: number
  /** Workers of each host at the sites where few show what many would; as many as elsewhere, unless told. */
  readonly sideWorkers?: number
}

/** Where captchas end, clocks go wrong, disks are full and memory grows, the second worker shows what the fourth would. */
const sideSites: readonly SiteName[] = ['heap', 'engine', 'pause', 'expiry', 'clock', 'full-disk']

/** The task as one of its sites is to do it. */
export function taskAt(site: SiteName, task: CorrectnessTask): CorrectnessTask {
  const { workers, sideWorkers = workers } = task
  return sideSites.includes(site) ? { ...task, workers: Math.min(workers, sideWorkers) } : task
}

export const quick: Intensity = {
  captchas: 4_000,
  races: 300,
  ordinaryLimitMs: 4_000,
  faultsPerKind: 1,
  expiring: 300,
  expiryRounds: 1,
  remembered: 60,
  restMs: 0,
  sitesAtOnce: 4,
}

/**
 * Beside other strategies and in a run that also measures. Clients that never rest would only take the processor from one another:
 * a dozen sites at once then wait seconds for a worker to be replaced. And to start workers is most of the work.
 */
export const glance: Intensity = { ...quick, captchas: 1_500, races: 200, restMs: 60, sideWorkers: 2 }

export const full: Intensity = {
  captchas: 100_000,
  races: 13_000,
  ordinaryLimitMs: 300_000,
  faultsPerKind: 10,
  expiring: 2_000,
  expiryRounds: 2,
  remembered: 150,
  restMs: 0,
  sitesAtOnce: 2,
}

/** What is to be recorded of one strategy. */
export interface CorrectnessTask extends Intensity {
  /** What the server is told: a name or a path. */
  readonly strategy: string
  readonly name: string
  readonly claims: Claims
  readonly topology: Topology
  readonly hosts: number
  /** Of each host. */
  /** Network engines it needs; none, unless told. */
  readonly engines?: readonly Engine[]
  /** Where they come from. */
  readonly services: Pick<RunServices, 'fresh'>
  readonly workers: number
  readonly seed: number
  /** Where the histories go, as `<name>.<site>.ndjson`; it exists. */
  readonly folder: string
  /** Aborted: faults are healed, servers ended, and the histories closed as they are. */
  readonly signal: AbortSignal
  /** All, unless told. */
  readonly sites?: readonly SiteName[]
  /** Names of the faults that strike at the site of that name; all, unless told. */
  readonly faults?: readonly string[]
}

/** Engines for one site alone: stopping them disturbs no other, and what they hold is its own. */
export function freshEngines({ engines = [], services }: CorrectnessTask): Promise<OpenEngines> {
  return services.fresh(engines)
}

/** ms; resolves early, and never rejects, when the signal is aborted. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const timer = setTimeout(done, ms)
    signal.addEventListener('abort', done, { once: true })
    function done(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
  })
}
