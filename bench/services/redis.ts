import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { messageOf } from '../message-of.js'
import type { Recipe } from './instance.js'
import { findOnPath } from './place.js'

/** Valkey answers the same. */
const programs = ['redis-server', 'valkey-server']

const connectLimitMs = 2_000

/** @throws Error that says what to install or to set */
export async function redisRecipe(): Promise<Recipe> {
  const command = programs.map(findOnPath).find((path) => path !== undefined)
  if (command === undefined)
    throw new Error('no Redis here: set REDIS_URL, or install redis-server (scripts/services.sh does)')
  const { stdout } = await promisify(execFile)(command, ['--version'])
  const socketOf = (directory: string) => join(directory, 'redis.sock')
  return {
    engine: 'redis',
    version: /\bv=(\S+)/.exec(stdout)?.[1] ?? 'unknown',
    command,
    url: (directory) => `unix://${socketOf(directory)}`,
    args: (directory) => [...settings, '--dir', directory, '--unixsocket', socketOf(directory)],
    stopSignal: 'SIGTERM',
    quitSignal: 'SIGKILL',
    ping: (url) => askRedis(url, async (client) => void (await client.ping())),
    records: (url) => askRedis(url, (client) => client.dbSize()),
    inspect: (url) => askRedis(url, readAll),
  }
}

/**
 * What the claim to survive a restart needs, and no more (redis.io/docs/latest/operate/oss_and_stack/management/persistence):
 * every change in the append-only file, which the kernel has before the client has its answer, synced once a second; no
 * snapshots beside it. And nothing is evicted: `allkeys-*` would drop live captchas, and used tokens would live again.
 */
const settings = [
  ...['--port', '0'],
  ...['--appendonly', 'yes'],
  ...['--appendfsync', 'everysec'],
  ...['--save', ''],
  ...['--maxmemory-policy', 'noeviction'],
] as const

/** Every value is serialised whole, as it would be for another server; one that has gone meanwhile was taken. */
async function readAll(client: Client): Promise<string | undefined> {
  for await (const keys of client.scanIterator({ COUNT: 1_000 })) {
    const failed = await Promise.all(keys.map((key) => client.dump(key).then(() => undefined, messageOf)))
    const [first] = failed.filter((reason) => reason !== undefined)
    if (first !== undefined) return first
  }
  return undefined
}

type Client = Awaited<ReturnType<typeof connect>>

/** @throws Error when it does not answer soon, or the library is missing */
export async function askRedis<T>(url: string, ask: (client: Client) => Promise<T>): Promise<T> {
  const client = await connect(url)
  try {
    return await ask(client)
  } finally {
    client.destroy()
  }
}

async function connect(url: string) {
  const { createClient } = await import('redis')
  const socket = { reconnectStrategy: false, connectTimeout: connectLimitMs } as const
  const client = createClient({ url, RESP: 2, socket })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

/** Of one whose address was given. */
export async function redisVersion(url: string): Promise<string> {
  const told = await askRedis(url, (client) => client.info('server'))
  return /^redis_version:(\S+)/m.exec(told)?.[1] ?? 'unknown'
}
