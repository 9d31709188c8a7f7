import type { Strategy } from '../strategy.js'

/** In report order, each under its name. A new strategy is its file and its line here. */
const modules = {
  memory: () => import('./memory.js'),
  file: () => import('./file.js'),
  'file-naive': () => import('./file-naive.js'),
  directory: () => import('./directory.js'),
  hybrid: () => import('./hybrid.js'),
  'hybrid-naive': () => import('./hybrid-naive.js'),
  sqlite: () => import('./sqlite.js'),
  lmdb: () => import('./lmdb.js'),
  manager: () => import('./manager.js'),
  'shared-memory': () => import('./shared-memory.js'),
  journal: () => import('./journal.js'),
  owner: () => import('./owner.js'),
  token: () => import('./token.js'),
  'token-sqlite': () => import('./token-sqlite.js'),
  'token-redis': () => import('./token-redis.js'),
  redis: () => import('./redis.js'),
  postgres: () => import('./postgres.js'),
} satisfies Record<string, () => Promise<{ readonly default: Strategy }>>

const loaders: ReadonlyMap<string, (typeof modules)[keyof typeof modules]> = new Map(Object.entries(modules))

export const strategyNames: readonly string[] = [...loaders.keys()]

/**
 * Loads one strategy and none of the others, which are a tenth of the CPU time in which a worker starts.
 * @returns nothing when the registry has none of that name
 */
export async function importStrategy(name: string): Promise<Strategy | undefined> {
  return (await loaders.get(name)?.())?.default
}
