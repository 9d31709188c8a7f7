import type { Engine, Services } from '../../src/strategy.js'

/** A network engine that answers. */
export interface RunningEngine {
  readonly engine: Engine
  readonly url: string
  /** As it says itself, such as `7.0.15`. */
  readonly version: string
  /** What can be done to one of the run's own; absent: it is somebody else's, and an address was given. */
  readonly own?: OwnEngine
}

/** A throwaway server, with a directory and an address of its own. */
export interface OwnEngine {
  /** As of now: an engine may have a process for each connection. The first is the one that was started. */
  pids(): readonly number[]
  /** Keys or rows it holds, expired ones that have not been removed included. */
  records(): Promise<number>
  /**
   * Reads all that is stored, with no part of any strategy.
   * @returns what is not sound, if anything is
   * @throws Error when it does not answer
   */
  inspect(): Promise<string | undefined>
  /** Ends it in good order: what it has acknowledged is on its medium then. */
  stop(): Promise<void>
  /** Kills all its processes at once. */
  kill(): Promise<void>
  /** All its processes stand still until it is resumed. */
  pause(): void
  resume(): void
  /**
   * Starts it again, after it has ended, on the same directory and address.
   * @throws Error with its last words when it does not come to answer
   */
  start(): Promise<void>
}

/** The engines somebody uses, while they run. */
export interface OpenEngines extends AsyncDisposable {
  readonly engines: readonly RunningEngine[]
  /** Their addresses, as strategies are given them. */
  readonly services: Services
}

/** Where each is to be found; `undefined`: nowhere. */
export const urlOf = {
  redis: ({ redisUrl }: Services) => redisUrl,
  postgres: ({ postgresUrl }: Services) => postgresUrl,
} as const

/** The processes of those that are the run's own. */
export function pidsOf(open: Pick<OpenEngines, 'engines'> | undefined): readonly number[] {
  return open?.engines.flatMap(({ own }) => own?.pids() ?? []) ?? []
}
