import type { Plan } from '../plan.js'
import type { Entrant } from '../roster.js'

/** Servers without a store of any kind, by the name of their arm: their main modules, from the package's root. */
export const bareServers = {
  'bare Fastify': 'dist/bench/floor/bare-fastify.js',
  'bare node:http': 'dist/bench/floor/bare-http.js',
} as const

const names = Object.keys(bareServers)

/** The bare servers take part as `memory` does: their primaries are told that strategy, and their workers do without. */
export function withBareEntrants(entrants: readonly Entrant[]): readonly Entrant[] {
  return entrants.flatMap((baseline) => [baseline, ...names.map((name) => ({ ...baseline, name }))])
}

/** The same plan, with arms that name the server programs they are. */
export function withBareServers(plan: Plan): Plan {
  const entries: Readonly<Record<string, string>> = bareServers
  return {
    ...plan,
    experiments: plan.experiments.map((experiment) => ({
      ...experiment,
      arms: experiment.arms.map((arm) => {
        const entry = entries[arm.name]
        return entry === undefined ? arm : { ...arm, entry }
      }),
    })),
  }
}

/** What does the least that could be called the service of one of ours: its limit. */
export interface Limit {
  readonly name: string
  readonly ours: string
}

export const limits: readonly Limit[] = [
  { name: 'bare-sqlite', ours: 'sqlite' },
  { name: 'bare-files', ours: 'directory' },
  { name: 'bare-ipc', ours: 'manager' },
  { name: 'bare-socket', ours: 'manager' },
  { name: 'bare-redis', ours: 'redis' },
]

/** Behind each of ours its limits, which need what it needs and nothing else. */
export function withLimits(entrants: readonly Entrant[]): readonly Entrant[] {
  return entrants.flatMap((entrant) => [
    entrant,
    ...limits
      .filter(({ ours }) => ours === entrant.name)
      .map(({ name }) => ({ ...entrant, name, module: `./dist/bench/floor/limits/${name}.js` })),
  ])
}
