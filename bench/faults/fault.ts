import type { FaultKind, FaultLine } from '../history.js'
import type { RunningEngine } from '../services.js'
import type { Random } from '../statistics.js'
import type { Server } from '../topology.js'

/** Something that goes wrong: how to bring it about, and how to put it right again. */
export interface Fault {
  readonly name: string
  readonly of: FaultKind
  /** What it takes away: data that claims less may be gone. */
  readonly loses: FaultLine['loses']
  /** Whom it strikes. */
  readonly strikes: 'one' | 'all'
  /** How long clients are at work before it, drawn between the two, ms. */
  readonly afterMs: readonly [low: number, high: number]
  /** How long it lasts before it is healed, ms. */
  readonly lastsMs: number
  /** @returns why it cannot strike on this machine, if it cannot */
  needs(): string | undefined
  /** Strikes; says why not, when what it strikes at was not there. */
  start(target: Target): Promise<Strike>
}

export interface Target {
  /** Whom to strike, where it strikes one. */
  readonly worker: number
  readonly server: Server
  readonly dataDir: string
  /** The network engines the server uses. */
  readonly engines: readonly RunningEngine[]
  readonly random: Random
  /** A file on the same medium, outside of what the store knows; where the medium can be filled up. */
  readonly ballastPath?: string
  /** Starts another server on the same data. */
  startAgain(): Promise<void>
}

/** `heal` resolves when everything is as it should be; what cannot be put right has none. */
export type Strike = { readonly missed: string } | { readonly missed?: undefined; heal?(): Promise<void> }

/** @throws Error when it is not healed within this time: a server that does not come back */
export function within<T>(limitMs: number, what: string, task: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () => reject(new Error(`expected ${what} within ${limitMs} ms`))
    const timer = setTimeout(late, limitMs)
    task.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

/** @throws RangeError when there is no such worker */
export function pidOf({ server, worker }: Target): number {
  const found = server.workers.find(({ id }) => id === worker)
  if (found === undefined) throw new RangeError(`expected worker ${worker} to run, found none`)
  return found.pid
}

/** @returns why no worker can be struck alone, if none can */
export function loneWorkerLacks({ server }: Target): string | undefined {
  return server.topology === 'threads'
    ? 'a signal strikes the process, and all its threads with it'
    : undefined
}

/** Long enough for a store to hold something, and for every worker to be at work. */
export const usualAfterMs: Fault['afterMs'] = [150, 450]

/** The longest a worker may take to be replaced, ms; it takes about a second. */
export const replacementLimitMs = 15_000
