import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, existsSync, openSync, writeSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { openCrowdClock } from '../cpu-clock.js'
import { UsageError } from '../options.js'
import { packageRoot } from '../paths.js'
import { isAlive } from '../processes.js'
import { environmentWith, serverSettings, withoutServices } from '../services/hand-over.js'
import { askPostgres } from '../services/postgres.js'
import { askRedis } from '../services/redis.js'
import { givenServices, openServices, type RunningEngine } from '../services.js'

// An engine's start, and more so initdb, is a matter of the disk.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'cw-'))
})
afterEach(() => void vi.unstubAllEnvs())
afterAll(() => rm(folder, { recursive: true, force: true }))

function lackOf(engine: 'redis' | 'postgres'): Promise<string | undefined> {
  return trial.shared([engine]).then(
    () => undefined,
    (error: Error) => error.message,
  )
}

const trial = openServices({})
const lacks = { redis: await lackOf('redis'), postgres: await lackOf('postgres') }
afterAll(() => trial[Symbol.asyncDispose]())

describe('addresses that were given', () => {
  test('are read at the door, and a bad one is never printed', () => {
    expect(givenServices({})).toEqual({})
    expect(givenServices({ REDIS_URL: 'redis://h' })).toEqual({ redisUrl: 'redis://h' })
    const read = () => givenServices({ DATABASE_URL: 'hunter2' })
    expect(read).toThrow(UsageError)
    expect(read).toThrow(/^DATABASE_URL: expected a URL/)
    expect(read).not.toThrow(/hunter2/)
  })

  test('that nobody answers at are a reason, not a crash', async () => {
    await using services = openServices({ redisUrl: 'redis://127.0.0.1:1' })
    await expect(services.shared(['redis'])).rejects.toThrow(/ECONNREFUSED/)
    expect(services.facts()).toEqual([])
  })

  test.skipIf(lacks.redis !== undefined)('are used as they are, and left running', async () => {
    const { services: given } = await trial.shared(['redis'])
    const services = openServices(given)
    const { engines } = await services.fresh(['redis'])
    expect(engines).toMatchObject([{ engine: 'redis', url: given.redisUrl }])
    expect(engines[0]?.own).toBeUndefined()
    expect(services.facts()).toEqual([{ engine: 'redis', version: expect.any(String), origin: 'given' }])
    await services[Symbol.asyncDispose]()
    expect(await (await trial.shared(['redis'])).engines[0]?.own?.records()).toBe(0)
  })

  test('reach programs and servers by their environment, in place of any others', () => {
    vi.stubEnv('REDIS_URL', 'redis://harness')
    expect(withoutServices(process.env)).not.toHaveProperty('REDIS_URL')
    expect(environmentWith({ postgresUrl: 'postgres://a' })).toMatchObject({
      CROSSWORKER_SERVICES: '{"postgresUrl":"postgres://a"}',
    })
    expect(environmentWith({})).not.toHaveProperty('REDIS_URL')
    expect(serverSettings({ redisUrl: 'redis://a' })).toEqual({ REDIS_URL: 'redis://a' })
  })
})

test('without a program the reason says what to set or to install', async () => {
  vi.stubEnv('PATH', folder)
  await using services = openServices({})
  await expect(services.shared(['redis'])).rejects.toThrow(/REDIS_URL, or install redis-server/)
})

test('nothing is started for a strategy that needs nothing', async () => {
  await using services = openServices({})
  expect(await services.fresh([])).toMatchObject({ engines: [], services: {} })
  expect(services.facts()).toEqual([])
})

function directoryOf({ engine, url }: RunningEngine): string {
  const { pathname, searchParams } = new URL(url)
  return engine === 'redis' ? dirname(pathname) : (searchParams.get('host') ?? '')
}

for (const kind of ['redis', 'postgres'] as const) {
  describe.skipIf(lacks[kind] !== undefined)(
    `a ${kind} of the run's own (${lacks[kind] ?? 'installed'})`,
    () => {
      test('is one for all who share, and another for whoever wants it alone', async () => {
        const shared = [await trial.shared([kind]), await trial.shared([kind])]
        await using alone = await trial.fresh([kind])
        expect(shared[0]?.engines[0]).toBe(shared[1]?.engines[0])
        expect(alone.engines[0]?.url).not.toBe(shared[0]?.engines[0]?.url)
        expect(trial.facts()).toContainEqual({
          engine: kind,
          version: expect.stringMatching(/^\d/),
          origin: 'own',
        })
      })

      test('stops, stands still, dies and comes back at its address, and leaves nothing', async () => {
        const alone = await trial.fresh([kind])
        const [engine] = alone.engines
        const own = engine?.own
        if (engine === undefined || own === undefined) throw new Error('expected an engine of our own')
        const seen = [...own.pids()]
        await own.stop()
        expect([own.pids(), seen.filter(isAlive)]).toEqual([[], []])
        await own.start()
        expect(await own.records()).toBe(0)
        own.pause()
        own.resume()
        seen.push(...own.pids())
        await own.kill()
        expect(seen.filter(isAlive)).toEqual([])
        await own.start()
        seen.push(...own.pids())
        const clock = openCrowdClock(own.pids)
        expect(clock.readUs()).toBeGreaterThan(0)
        clock.close()
        await alone[Symbol.asyncDispose]()
        expect(seen.filter(isAlive)).toEqual([])
        expect(existsSync(directoryOf(engine))).toBe(false)
      })

      test('ends with a harness that is killed', async () => {
        const script = `
        const { openServices } = await import('${join(packageRoot, 'dist/bench/services.js')}')
        const { engines } = await openServices({}).fresh(['${kind}'])
        console.log(JSON.stringify({ engine: '${kind}', url: engines[0].url, pids: engines[0].own.pids() }))`
        vi.stubEnv('TMPDIR', folder)
        // It ends with this process, too.
        const waiting = 'process.stdin.on("end", () => process.exit()).resume()'
        const child = spawn(process.execPath, ['--input-type=module', '-e', `${script}; ${waiting}`], {
          stdio: ['pipe', 'pipe', 'inherit'],
        })
        const [line] = await once(child.stdout.setEncoding('utf8'), 'data')
        const found: RunningEngine & { readonly pids: readonly number[] } = JSON.parse(line)
        const [first = 0] = found.pids
        const wasAlive = isAlive(first)
        child.kill('SIGKILL')
        expect(wasAlive).toBe(true)
        const isGone = () => expect(existsSync(directoryOf(found))).toBe(false)
        await vi.waitFor(isGone, { interval: 50, timeout: 12_000 })
        expect(found.pids.filter(isAlive)).toEqual([])
        // The template of an engine that has one is under a guard of its own.
        await vi.waitFor(async () => expect(await readdir(folder)).toEqual([]), {
          interval: 50,
          timeout: 12_000,
        })
      })
    },
  )
}

describe.skipIf(lacks.postgres !== undefined)('what an independent reader finds in a PostgreSQL', () => {
  test('is nothing while it is sound, and a page that was overwritten', async () => {
    await using alone = await trial.fresh(['postgres'])
    const [engine] = alone.engines
    const own = engine?.own
    if (engine === undefined || own === undefined) throw new Error('expected an engine of our own')
    const file = await askPostgres(engine.url, async (client) => {
      await client.query('CREATE TABLE captchas (id text PRIMARY KEY)')
      await client.query("INSERT INTO captchas SELECT 'id-' || n FROM generate_series(1, 500) n")
      const told = await client.query<{ path: string }>("SELECT pg_relation_filepath('captchas') AS path")
      return told.rows[0]?.path ?? ''
    })
    expect(await own.inspect()).toBeUndefined()
    await own.stop()
    const heap = openSync(join(directoryOf(engine), 'data', file), 'r+')
    // The line pointers of the first page, behind its header of 24 bytes.
    writeSync(heap, Buffer.alloc(200, 0x55), 0, 200, 24)
    closeSync(heap)
    await own.start()
    await expect(own.inspect()).resolves.toMatch(/./)
  })
})

describe.skipIf(lacks.redis !== undefined)('what an independent reader finds in a Redis', () => {
  test('is nothing while every value can be read', async () => {
    await using alone = await trial.fresh(['redis'])
    const [engine] = alone.engines
    await askRedis(engine?.url ?? '', async (client) => {
      for (let key = 0; key < 50; key += 1) await client.set(`key-${key}`, 'value')
    })
    expect(await engine?.own?.inspect()).toBeUndefined()
  })
})
