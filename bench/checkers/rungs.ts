import type { Scope, Survives } from '../../src/strategy.js'
import type { Site } from '../history.js'

/** The rungs of the ladder, and what outlives what: each contains the ones before it. */
export const rungs = ['process', 'threads', 'host', 'fleet'] as const satisfies readonly Scope[]
export const durabilities = [
  'nothing',
  'worker-crash',
  'restart',
  'power-loss',
] as const satisfies readonly Survives[]

/** Whether what is correct within this scope has to be so on that rung. */
export function reaches(scope: Scope, rung: Scope): boolean {
  return rungs.indexOf(scope) >= rungs.indexOf(rung)
}

/** Whether data that survives this much outlives a fault that takes that much away. */
export function covers(survives: Survives, loses: Survives): boolean {
  return durabilities.indexOf(survives) >= durabilities.indexOf(loses)
}

/** How the workers of a site, or of a whole run, live together. */
export type Shape = Pick<Site, 'workers' | 'topology' | 'hosts'>

/**
 * Whether workers that live like this can show a rung: its own pairs of workers are there. Threads of one process and
 * processes of one host exclude one another, so that no site shows both.
 */
export function shows({ topology = 'processes', hosts = 1 }: Shape, rung: Scope): boolean {
  if (rung === 'threads') return topology === 'threads'
  if (rung === 'host') return topology === 'processes'
  return rung === 'process' || hosts > 1
}

/** A scope as it lies over the workers of a site. */
export interface Reach {
  readonly scope: Scope
  /** Whether what the one issues is the other's business: what it says of it is held against the store. */
  spans(issuer: number, other: number): boolean
  /** Whether the two are as far apart as the scope goes. Nearer ones alone do not put it to the test. */
  tries(issuer: number, other: number): boolean
}

/**
 * Within `process` only the worker itself counts, within `threads` and `host` the workers of its host, within `fleet` all. Where
 * every worker is a process of its own, `threads` reaches no further than `process`: nobody claimed more.
 */
export function reachOf(shape: Shape, scope: Scope): Reach {
  const { workers, hosts = 1 } = shape
  const hostOf = (worker: number) => Math.floor((worker * hosts) / workers)
  const isNear = (one: number, other: number) => hostOf(one) === hostOf(other)
  if (scope === 'fleet') return { scope, spans: () => true, tries: (one, other) => !isNear(one, other) }
  const isAlone = scope === 'process' || (scope === 'threads' && !shows(shape, 'threads'))
  return {
    scope,
    spans: (one, other) => (isAlone ? one === other : isNear(one, other)),
    tries: (one, other) =>
      shows(shape, scope) && isNear(one, other) && (one === other) === (scope === 'process'),
  }
}

const neighbours: Readonly<Record<Scope, string | undefined>> = {
  process: undefined,
  threads: 'thread',
  host: 'worker',
  fleet: 'host',
}

/** @returns such as " by another worker"; "" where the scope has no others */
export function byAnother({ scope }: Reach): string {
  const noun = neighbours[scope]
  return noun === undefined ? '' : ` by another ${noun}`
}

/** @returns such as " by two workers"; "" where the scope has no others */
export function byTwo({ scope }: Reach): string {
  const noun = neighbours[scope]
  return noun === undefined ? '' : ` by two ${noun}s`
}
