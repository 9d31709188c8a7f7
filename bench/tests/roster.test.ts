import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { UsageError } from '../options.js'
import { callRoster } from '../roster.js'
import { openServices } from '../services.js'

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'crossworker-roster-'))
  await mkdir(join(folder, 'tmp'))
  // What a trial leaves behind is seen here.
  vi.stubEnv('TMPDIR', join(folder, 'tmp'))
})
afterAll(async () => {
  vi.unstubAllEnvs()
  await rm(folder, { recursive: true, force: true })
})

const harmless =
  "open: () => ({ issue: () => crypto.randomUUID(), read: () => 'X', take: () => 'X', close() {} })"

async function writeModule(name: string, members = harmless): Promise<string> {
  const path = join(folder, `${name}.mjs`)
  const claims = "{ scope: 'host', singleUse: true, survives: 'nothing' }"
  await writeFile(
    path,
    `export default { name: '${name}', summary: 'A test.', claims: ${claims}, ${members} }\n`,
  )
  return path
}

async function complaint(strategies: readonly string[], reference = 'memory'): Promise<string> {
  const error = await callRoster({ strategies, reference }, openServices({})).catch(
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(UsageError)
  const message = error instanceof Error ? error.message : ''
  expect(message).not.toContain('\n')
  // The trial of another strategy may still be under way.
  await vi.waitFor(async () => expect(await readdir(join(folder, 'tmp'))).toEqual([]), {
    interval: 20,
    timeout: 3_000,
  })
  return message
}

describe('the roster', () => {
  test('is in the registry’s order, third parties last, and the baseline always takes part', async () => {
    const mine = await writeModule('mine')
    const entrants = await callRoster(
      { strategies: [mine, 'hybrid', 'hybrid'], reference: 'memory' },
      openServices({}),
    )
    expect(entrants.map(({ name, module }) => [name, module])).toEqual([
      ['memory', 'memory'],
      ['hybrid', 'hybrid'],
      ['mine', mine],
    ])
    expect(entrants.at(-1)).toEqual({
      name: 'mine',
      module: mine,
      summary: 'A test.',
      claims: { scope: 'host', singleUse: true, survives: 'nothing' },
    })
    expect(await readdir(join(folder, 'tmp'))).toEqual([])
  })

  test('has a store whose reads and takes fail: how often is for the run to count', async () => {
    const fail = "() => { throw new Error('torn') }"
    const failing = await writeModule(
      'failing',
      `open: () => ({ issue: () => crypto.randomUUID(), read: ${fail}, take: ${fail}, close() {} })`,
    )
    const entrants = await callRoster({ strategies: [failing], reference: 'memory' }, openServices({}))
    expect(entrants.map(({ name, skipped }) => [name, skipped])).toEqual([
      ['memory', undefined],
      ['failing', undefined],
    ])
  })

  test('names the option that has an unknown strategy', async () => {
    expect(await complaint(['nonsense'])).toMatch(
      /^--strategies: expected names out of memory, .*got "nonsense"$/,
    )
    expect(await complaint(['memory'], 'nonsense')).toMatch(/^--reference: expected .*got "nonsense"$/)
  })

  test('refuses a module that is not there', async () => {
    expect(await complaint([join(folder, 'absent.mjs')])).toMatch(/absent\.mjs: could not be imported/)
  })

  test('refuses a module that takes its process with it, and tidies up after it', async () => {
    const path = await writeModule('exits', 'open() { process.exit(9) }')
    expect(await complaint([path])).toMatch(/exits\.mjs: a trial of it ended with exit code 9/)
  })

  test('refuses a named strategy that cannot run here, as the baseline too', async () => {
    const path = await writeModule('lacking', "open: () => import('no-such-library')")
    expect(await complaint([path])).toMatch(/^lacking: cannot run here: .*no-such-library/)
    expect(await complaint(['memory'], path)).toMatch(/^lacking: cannot run here/)
  })

  test('tries a strategy with the engines it names, and refuses it, when it was named, without them', async () => {
    const members = `engines: ['redis', 'postgres'],
      open: ({ services }) => services.redisUrl === 'redis://a' && services.postgresUrl === 'postgres://b'
        ? { issue: () => crypto.randomUUID(), read: () => 'X', take: () => 'X', close() {} }
        : Promise.reject(new Error('other addresses'))`
    const path = await writeModule('engined', members)
    const asked: (readonly string[])[] = []
    const services = { redisUrl: 'redis://a', postgresUrl: 'postgres://b' }
    const shared = async (engines: readonly string[]) => {
      asked.push(engines)
      return { engines: [], services, async [Symbol.asyncDispose]() {} }
    }
    const entrants = await callRoster({ strategies: [path], reference: 'memory' }, { shared })
    expect(entrants.at(-1)).toMatchObject({ name: 'engined', engines: ['redis', 'postgres'] })
    expect(entrants.at(-1)).not.toHaveProperty('skipped')
    expect(asked).toEqual([['redis', 'postgres']])
    const none = { shared: () => Promise.reject(new Error('no Redis here: set REDIS_URL')) }
    const refused = callRoster({ strategies: [path], reference: 'memory' }, none)
    await expect(refused).rejects.toThrow(/^engined: cannot run here: no Redis here: set REDIS_URL$/)
  })

  test('skips an engine’s strategy that nobody named, and says why', async () => {
    const none = { shared: () => Promise.reject(new Error('no engine here')) }
    const entrants = await callRoster({ strategies: ['all'], reference: 'memory' }, none)
    const skipped = entrants.filter(({ skipped: reason }) => reason === 'no engine here')
    expect(skipped.map(({ name }) => name)).toEqual(['token-redis', 'redis', 'postgres'])
  })

  test.each(['memory', 'twin', 'noop', 'all'])('refuses a second %s', async (name) => {
    expect(await complaint([await writeModule(name)])).toMatch(
      new RegExp(`^${name}: expected strategies of different`),
    )
  })
})
