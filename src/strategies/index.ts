import type { Strategy } from '../strategy.js'

/** In report order. A new strategy is its file and its line here. */
const modules = [
  import('./memory.js'),
  import('./file.js'),
  import('./file-naive.js'),
  import('./directory.js'),
  import('./hybrid.js'),
  import('./hybrid-naive.js'),
  import('./sqlite.js'),
  import('./lmdb.js'),
  import('./manager.js'),
  import('./shared-memory.js'),
  import('./journal.js'),
  import('./owner.js'),
  import('./token.js'),
  import('./token-sqlite.js'),
  import('./token-redis.js'),
  import('./redis.js'),
  import('./postgres.js'),
]

/** The registry. */
export const strategies: readonly Strategy[] = (await Promise.all(modules)).map(
  ({ default: strategy }) => strategy,
)
