import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { openCpuClock } from '../cpu-clock.js'
import { openWarmUpLoad } from '../load/warm-up.js'
import { serverEntry } from '../paths.js'
import { isAlive } from '../processes.js'
import type { RunningEngine } from '../services.js'
import { type Server, ServerError, startServer, type TopologyOptions } from '../topology.js'
import { processesMarked } from './leftovers.js'

const prefix = `topology-test-${process.pid}-${Date.now()}`
let folder: string
/** What the servers of the tests inherit: a mark that tells them from any other process, and a directory for their data only. */
let here: Surroundings
/** The one test that must wait for a limit of 5 s does so beside the others. */
let stopped: { readonly around: Surroundings; readonly disposal: Promise<number> }

interface Surroundings {
  readonly mark: string
  readonly dataRoot: string
}

async function enter(name: string): Promise<Surroundings> {
  const around = { mark: `${prefix}-${name}`, dataRoot: join(folder, name) }
  await mkdir(around.dataRoot)
  vi.stubEnv('CROSSWORKER_TEST', around.mark)
  vi.stubEnv('TMPDIR', around.dataRoot)
  return around
}

beforeAll(async () => {
  if (!existsSync(serverEntry))
    throw new Error(`expected ${serverEntry}, got nothing: npm run build makes it`)
  folder = await mkdtemp(join(tmpdir(), 'crossworker-topology-'))
  const around = await enter('stopped')
  const server = await start('memory')
  process.kill(server.workers[0]?.pid ?? 0, 'SIGSTOP')
  stopped = { around, disposal: timed(() => server[Symbol.asyncDispose]()) }
  here = await enter('usual')
})
afterAll(async () => {
  vi.unstubAllEnvs()
  for (const pid of processesMarked(prefix)) process.kill(pid, 'SIGKILL')
  await rm(folder, { recursive: true, force: true, maxRetries: 3 })
})

async function timed(task: () => PromiseLike<void>): Promise<number> {
  const startedMs = performance.now()
  await task()
  return performance.now() - startedMs
}

async function module(name: string, members: string): Promise<string> {
  const path = join(folder, `${name}.mjs`)
  const claims = "{ scope: 'process', singleUse: true, survives: 'nothing' }"
  await writeFile(
    path,
    `export default { name: '${name}', summary: 'A test.', claims: ${claims}, ${members} }\n`,
  )
  return path
}

const harmless = "{ issue: () => 'abc', read: () => 'X', take: () => 'X', close() {} }"

function start(strategy: string, more: Partial<TopologyOptions> = {}): Promise<Server> {
  const secret = 'ab'.repeat(32)
  return startServer({ strategy, workers: 2, ttlMs: 60_000, render: 'none', secret, ...more })
}

async function isListening(endpoint: string): Promise<boolean> {
  return new Promise((resolve) => {
    get(`${endpoint}/health`, (response) => resolve(response.resume().statusCode === 200)).on('error', () =>
      resolve(false),
    )
  })
}

async function expectNothingLeft({ mark, dataRoot } = here): Promise<void> {
  await vi.waitFor(() => expect(processesMarked(mark)).toEqual([]), { interval: 20, timeout: 2_000 })
  expect(await readdir(dataRoot)).toEqual([])
}

describe('a server', () => {
  test('says who and where it is, spends CPU time under load, and leaves nothing', async () => {
    const server = await start('memory')
    expect(server.addresses[0].endpoint).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect(server.addresses[0].instance).toMatch(/^[0-9a-f-]{36}$/)
    expect(server.workers.map(({ id }) => id)).toEqual([0, 1])
    expect(server.workers.every(({ pid }) => isAlive(pid))).toBe(true)
    expect(server.ended()).toBeUndefined()
    expect(await isListening(server.addresses[0].endpoint)).toBe(true)
    expect(await readdir(here.dataRoot)).toHaveLength(1)

    const before = server.cpuUs() ?? Number.NaN
    const load = await openWarmUpLoad(server, 4)
    await load.send(50)
    const after = server.cpuUs() ?? Number.NaN
    load[Symbol.dispose]()
    expect(after - before).toBeGreaterThan(5_000)

    const pids = server.workers.map(({ pid }) => pid)
    await server[Symbol.asyncDispose]()
    expect(pids.filter(isAlive)).toEqual([])
    expect(server.ended()).toBe('exit code 0')
    expect(await isListening(server.addresses[0].endpoint)).toBe(false)
    await expectNothingLeft()
  })

  test('that cannot open its store is a ServerError with the reason in one line, and leaves nothing', async () => {
    const path = await module('refuses', "open() { throw new Error('the medium is on fire') }")
    const error = await start(path).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(ServerError)
    const message = error instanceof Error ? error.message : ''
    expect(message).toMatch(/the medium is on fire/)
    expect(message).not.toContain('\n')
    expect(message).not.toMatch(/^crossworker:/)
    await expectNothingLeft()
  })

  test('that does not exist is a ServerError too', async () => {
    await expect(start('nonsense')).rejects.toThrow(/expected one of memory/)
    await expectNothingLeft()
  })

  test('that ends while it runs says so, and can be disposed of', async () => {
    const members = `host: () => ({ handle: () => process.exit(7), close() {} }),
      open: ({ call }) => ({ ...${harmless}, issue: async () => String(await call('end')) })`
    const server = await start(await module('ends', members))
    const ask = get(`${server.addresses[0].endpoint}/captcha`, { method: 'POST' })
    await once(ask, 'error')
    await vi.waitFor(() => expect(server.ended()).toMatch(/^exit code 7/), { interval: 20, timeout: 3_000 })
    await server[Symbol.asyncDispose]()
    await expectNothingLeft()
  })

  test('that prints before its ready line is understood, and one that leaves a child behind is cleaned up', async () => {
    const members = `host: async () => {
        const { spawn } = await import('node:child_process')
        console.log('{"ready":false}')
        spawn('sleep', ['60'], { stdio: 'ignore' }).unref()
        return { close() {} }
      },
      open: () => (${harmless})`
    const server = await start(await module('chatty', members))
    expect(server.workers).toHaveLength(2)
    await server[Symbol.asyncDispose]()
    await expectNothingLeft()
  })

  test('with a stopped worker is cleaned up once its drain limit is over', async () => {
    expect(await stopped.disposal).toBeLessThan(8_000)
    await expectNothingLeft(stopped.around)
  })
})

describe('a server whose processes die', () => {
  test('tells when a worker has been replaced, and who it is now', async () => {
    const server = await start('memory')
    const [first, second] = server.workers
    const replaced = server.replaced(0)
    process.kill(first?.pid ?? 0, 'SIGKILL')
    const worker = await replaced
    expect(worker.id).toBe(0)
    expect(worker.pid).not.toBe(first?.pid)
    expect(isAlive(worker.pid)).toBe(true)
    expect(server.workers).toEqual([worker, second])
    expect(server.ended()).toMatch(/worker 0 ended/)
    await server[Symbol.asyncDispose]()
    await expectNothingLeft()
  })

  test('can be killed whole, a stopped worker too, and another started on its data', async () => {
    const dataDir = join(folder, 'shared')
    await mkdir(dataDir)
    const first = await start('directory', { dataDir })
    const pids = [...first.primaries, ...first.workers.map(({ pid }) => pid)]
    process.kill(pids[1] ?? 0, 'SIGSTOP')
    const never = first.replaced(1)
    await first.kill()
    expect(pids.filter(isAlive)).toEqual([])
    await expect(never).rejects.toThrow(/it ended: SIGKILL/)
    await first[Symbol.asyncDispose]()
    const second = await start('directory', { dataDir })
    expect(second.addresses[0].instance).not.toBe(first.addresses[0].instance)
    expect(second.dataDir).toBe(dataDir)
    await second[Symbol.asyncDispose]()
    expect(await readdir(dataDir)).toEqual(['captchas', 'spares'])
    await expectNothingLeft()
  })

  test('is told the addresses of its own engines, and never those of whoever started it', async () => {
    vi.stubEnv('REDIS_URL', 'redis://harness')
    vi.stubEnv('DATABASE_URL', 'postgres://harness')
    const members = `open: ({ services }) => ({ ...${harmless},
      issue: () => Buffer.from(JSON.stringify(services)).toString('base64url') })`
    const path = await module('told', members)
    const told = async (more: Partial<TopologyOptions>) => {
      await using server = await start(path, more)
      const response = await fetch(`${server.addresses[0].endpoint}/captcha`, { method: 'POST' })
      const { id }: { id: string } = Object(await response.json())
      return JSON.parse(Buffer.from(id, 'base64url').toString())
    }
    expect(await told({})).toEqual({})
    const services = { redisUrl: 'redis://own' }
    const engines = { engines: [], services, async [Symbol.asyncDispose]() {} }
    expect(await told({ engines })).toEqual(services)
    vi.stubEnv('REDIS_URL', undefined)
    vi.stubEnv('DATABASE_URL', undefined)
    await expectNothingLeft()
  })

  test('counts the CPU time of its engines as its own', async () => {
    const busy = spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' })
    const own = { pids: () => [busy.pid ?? 0] }
    const engine = { engine: 'redis', url: 'redis://own', version: '1', own } as unknown as RunningEngine
    const engines = { engines: [engine], services: {}, async [Symbol.asyncDispose]() {} }
    await using server = await start('memory', { engines })
    const before = server.cpuUs() ?? Number.NaN
    await vi.waitFor(() => expect((server.cpuUs() ?? 0) - before).toBeGreaterThan(100_000), {
      timeout: 15_000,
    })
    busy.kill('SIGKILL')
    await once(busy, 'exit')
    // What has ended stays counted, and the server's own clock goes on.
    await vi.waitFor(() => expect(server.cpuUs() ?? 0).toBeGreaterThan(before + 100_000))
  })

  test('runs under a wrapper, with more in its environment', async () => {
    const members = `open: () => ({ ...${harmless}, issue: () => process.env.WRAPPED + process.env.MORE })`
    const path = await module('wrapped', members)
    const server = await start(path, { wrapper: ['env', 'WRAPPED=abc'], env: { MORE: 'def' } })
    const response = await fetch(`${server.addresses[0].endpoint}/captcha`, { method: 'POST' })
    expect(await response.json()).toMatchObject({ id: 'abcdef' })
    await server[Symbol.asyncDispose]()
    await expectNothingLeft()
  })
})

describe('several hosts', () => {
  test('number their workers through, and share nothing but their secret', async () => {
    const fleet = await start('directory', { hosts: 2 })
    expect(fleet.workers.map(({ id }) => id)).toEqual([0, 1, 2, 3])
    expect(fleet.addresses.map(({ first, workers }) => [first, ...workers])).toEqual([
      [0, 0, 1],
      [2, 2, 3],
    ])
    const [here, there] = fleet.addresses.map(({ endpoint }) => endpoint)
    const { id } = (await (await fetch(`${here}/captcha`, { method: 'POST' })).json()) as { id: string }
    const seen = await Promise.all([here, there].map((host) => fetch(`${host}/captcha/${id}/image`)))
    expect(seen.map(({ status }) => status)).toEqual([200, 404])
    expect((await readdir(fleet.dataDir)).sort()).toEqual(['host-0', 'host-1'])
    expect(fleet.cpuUs()).toBeGreaterThan(0)
    await fleet[Symbol.asyncDispose]()
    await expectNothingLeft()
  })

  test('replace a worker of the second under its own number, and die together', async () => {
    const fleet = await start('memory', { hosts: 2 })
    const replaced = fleet.replaced(3)
    process.kill(fleet.workers.find(({ id }) => id === 3)?.pid ?? 0, 'SIGKILL')
    expect((await replaced).id).toBe(3)
    const pids = [...fleet.primaries, ...fleet.workers.map(({ pid }) => pid)]
    await fleet.kill()
    expect(pids.filter(isAlive)).toEqual([])
    await fleet[Symbol.asyncDispose]()
    await expectNothingLeft()
  })

  test('leave none behind when one of them cannot start', async () => {
    const path = await module(
      'once',
      `open: ({ dataDir }) => { if (dataDir.endsWith('host-1')) throw new Error('no more hosts'); return ${harmless} }`,
    )
    await expect(start(path, { hosts: 2 })).rejects.toThrow(/no more hosts/)
    await expectNothingLeft()
  })
})

describe('the CPU clock', () => {
  test('counts what this process has spent', () => {
    const clock = openCpuClock([process.pid])
    const before = clock.readUs() ?? Number.NaN
    for (const used = process.cpuUsage(); process.cpuUsage(used).user < 20_000; );
    expect((clock.readUs() ?? Number.NaN) - before).toBeGreaterThan(15_000)
    clock.close()
  })

  test('knows nothing of a process that is not there', () => {
    expect(openCpuClock([2 ** 22 + 1]).readUs()).toBeUndefined()
  })

  test('knows nothing once it is closed', () => {
    const clock = openCpuClock([process.pid])
    clock.readUs()
    clock.close()
    expect(clock.readUs()).toBeUndefined()
  })
})
