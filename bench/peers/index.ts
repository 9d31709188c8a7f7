import type { PeerFacts } from '../report/peers.js'

/**
 * What people put captchas into today, beside what we have on the same medium. Everything here is data: an adapter is its file and
 * its entry. Peers are strategies like any third party's, held to what they claim; that they are peers is known here alone, so that
 * no report softens what it says of one.
 */
export interface PeerGroup {
  /** On the command line, and of the run's folder. */
  readonly name: string
  /**
   * Names of the registry; the first, the counterpart, is the baseline of the group's ratios. Two to four strategies a group, with
   * the controls six arms at the most, so that blocks stay short.
   */
  readonly ours: readonly string[]
  readonly peers: readonly PeerFacts[]
}

const limiterWiki = 'https://github.com/animir/node-rate-limiter-flexible/wiki'
const limiterPromise =
  'README: “All operations in memory or distributed environment use atomic increments against race conditions.”'

export const peerGroups: readonly PeerGroup[] = [
  {
    name: 'memory',
    ours: ['memory'],
    peers: [
      {
        name: 'lru-cache',
        libraries: ['lru-cache'],
        documentation: 'https://github.com/isaacs/node-lru-cache#readme',
        promise: 'A cache in the memory of one process, which is what is claimed.',
        source: '`get` and `delete` are synchronous: nothing comes between them in one process.',
      },
      {
        name: 'cache-manager',
        libraries: ['cache-manager', 'keyv'],
        documentation: 'https://github.com/jaredwray/cacheable/tree/main/packages/cache-manager#readme',
        promise: '`createCache()` keeps in memory by default: one process is claimed.',
        source:
          '`del` (dist/index.mjs) returns `true` whatever was there; keyv’s `get` removes what has expired when it is asked for it, and nothing else does.',
      },
      {
        name: 'altcha',
        libraries: ['altcha-lib'],
        documentation: 'https://github.com/altcha-org/altcha-lib/blob/main/docs/store.md',
        promise:
          'Its store “tracks used challenges to prevent them from being reused”. The limit below is of distributed environments, which the workers of one host are not to everybody who starts them: claimed for a host’s workers.',
        limit: {
          says: '“In distributed environments, use a centralized store such as Redis.”',
          link: 'https://github.com/altcha-org/altcha-lib/blob/main/docs/store.md',
        },
        source: '`CappedMap` (dist/esm/v2/capped-map.js) extends Map: each process has one of its own.',
      },
    ],
  },
  {
    // What the workers of a host share in memory: the same guarantee, one step apart in how it is reached.
    name: 'host-memory',
    ours: ['shared-memory', 'manager'],
    peers: [
      {
        name: 'rate-limiter-cluster',
        libraries: ['rate-limiter-flexible'],
        documentation: `${limiterWiki}/Cluster`,
        promise: limiterPromise,
        source:
          'lib/RateLimiterCluster.js: the primary counts in one RateLimiterMemory, one message after another.',
      },
    ],
  },
  {
    name: 'json',
    ours: ['file'],
    peers: [
      {
        name: 'keyv-file',
        libraries: ['keyv-file', 'keyv'],
        documentation: 'https://github.com/zaaack/keyv-file#readme',
        promise: '“File storage adapter for Keyv”: a file that the workers of a host share.',
        source:
          'lib/index.js: `_loadDataSync` reads the file once, in the constructor; `getSync` asks a Map; `saveToDisk` writes the whole Map over the file with `writeFile`, in place.',
      },
      {
        name: 'cap',
        libraries: ['@cap.js/server'],
        documentation: 'https://capjs.js.org/guide/server.html',
        promise: '`validateToken` succeeds once, unless told to keep the token; tokens are kept in a file.',
        limit: {
          says: '“You’ll need a database to store challenges and tokens”; the file is deprecated.',
          link: 'https://capjs.js.org/guide/server.html',
        },
        source:
          'index.js: `_loadTokens` reads the file once; `_getToken` asks an object; `redeemChallenge` and `_deleteToken` write the whole object over the file with `writeFile`, in place; tokens live 20 minutes whatever is asked.',
      },
    ],
  },
  {
    name: 'files',
    ours: ['directory'],
    peers: [
      {
        name: 'unstorage-fs',
        libraries: ['unstorage'],
        documentation: 'https://unstorage.unjs.io/drivers/fs',
        promise: 'A directory with a file per key, which the workers of a host share.',
        source:
          'drivers/utils/node-fs.mjs: `unlink(path).catch(ignoreNotfound)` resolves for every caller; the driver has no lifetimes, so what has expired stays.',
      },
      {
        name: 'node-persist',
        libraries: ['node-persist'],
        documentation: 'https://github.com/simonlast/node-persist#api-documentation',
        promise: 'A directory with a file per key; `removeItem` resolves to `removed` (its types).',
        limit: {
          says: 'Its queue of writes “would not properly work in multi-process setting” (it is off here).',
          link: 'https://github.com/simonlast/node-persist#api-documentation',
        },
        source:
          'src/local-storage.js: `deleteFile` unlinks, and `removed` is false for those who get ENOENT; `writeFile` writes in place; `readFile` parses what is there.',
      },
    ],
  },
  {
    name: 'sessions',
    ours: ['directory'],
    peers: [
      {
        name: 'session-file-store',
        libraries: ['session-file-store', 'express-session'],
        documentation: 'https://github.com/valery-barysok/session-file-store#readme',
        promise:
          '“A provision for storing session data in the session file”, which the workers of a host share.',
        source:
          'lib/session-file-helpers.js: `destroy` is `fs.remove`, which succeeds for every caller; `get` removes a file it cannot parse.',
      },
      {
        name: 'bentocache',
        libraries: ['bentocache'],
        documentation: 'https://bentocache.dev/docs/methods',
        promise: '`pull`: “Get the value of the key, and then delete it from the cache.”',
        source:
          'build/index.js, `pull`: `await this.get`, then `await this.delete`; the file driver writes in place.',
      },
    ],
  },
  {
    name: 'sqlite',
    ours: ['sqlite'],
    peers: [
      {
        name: 'keyv-sqlite',
        libraries: ['@keyv/sqlite', 'keyv', 'sqlite3'],
        documentation: 'https://github.com/jaredwray/keyv/tree/main/storage/sqlite#readme',
        promise: '`delete` resolves to `true` if the key existed, `false` if not (keyv’s README).',
        source:
          'dist/index.js, `delete`: a SELECT, then a DELETE, two statements of their own; `true` for all who selected in time. Rows that have expired go when they are asked for.',
      },
      {
        name: 'cacheable',
        libraries: ['cacheable', '@keyv/sqlite', 'keyv', 'sqlite3'],
        documentation: 'https://github.com/jaredwray/cacheable/tree/main/packages/cacheable#api',
        promise: '`take(key)`: “Takes a value from the cache and deletes it.”',
        source:
          'dist/index.mjs, `take`: `await this.get`, then `await this.delete`, and the value whatever that said. An error of the store is emitted, and `get` says undefined.',
      },
    ],
  },
  {
    name: 'sqlite-marks',
    ours: ['token-sqlite'],
    peers: [
      {
        name: 'rate-limiter-sqlite',
        libraries: ['rate-limiter-flexible', 'better-sqlite3'],
        documentation: `${limiterWiki}/SQLite`,
        promise: limiterPromise,
        source: 'lib/RateLimiterSQLite.js: one INSERT … ON CONFLICT DO UPDATE … RETURNING in a transaction.',
      },
    ],
  },
  {
    name: 'redis',
    ours: ['redis'],
    peers: [
      {
        name: 'connect-redis',
        libraries: ['connect-redis', 'express-session', 'redis'],
        documentation: 'https://github.com/tj/connect-redis#readme',
        promise: 'Sessions in Redis, which all hosts share.',
        source:
          'dist/connect-redis.js: `get` is GET and `destroy` is DEL, whose count nobody is told; lifetimes are rounded up to whole seconds.',
      },
    ],
  },
  {
    name: 'redis-marks',
    ours: ['token-redis'],
    peers: [
      {
        name: 'rate-limiter-redis',
        libraries: ['rate-limiter-flexible', 'redis'],
        documentation: `${limiterWiki}/Redis`,
        promise: limiterPromise,
        source:
          'lib/RateLimiterRedis.js: one script that increments, and sets the lifetime of a key that is new.',
      },
    ],
  },
]
