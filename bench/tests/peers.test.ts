import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { parseStrategy } from '../../src/load-strategy.js'
import { strategies } from '../../src/strategies/all.js'
import type { Services, Strategy } from '../../src/strategy.js'
import { testEngines } from '../../src/tests/engines.js'
import { toResults } from '../judge.js'
import { packageRoot } from '../paths.js'
import { peerGroups } from '../peers/index.js'
import { type PeersRun, peersReport } from '../report/peers.js'
import { startServer } from '../topology.js'
import { controls, entrant, environment, pairs, planOf, record } from './fixtures.js'

const folder = join(packageRoot, 'bench/peers')
const peers = peerGroups.flatMap((group) => group.peers)
const { services, lack } = await testEngines(['redis'], {})
const adapters = new Map(
  await Promise.all(peers.map(async ({ name }) => [name, await adapterOf(name)] as const)),
)

async function adapterOf(name: string): Promise<Strategy> {
  const module: { default?: unknown } = await import(join(folder, `${name}.ts`))
  return parseStrategy(module.default, name)
}

describe('the table of peers', () => {
  test('lists every adapter once, by its name', () => {
    const files = readdirSync(folder).filter((name) => name.endsWith('.ts') && name !== 'index.ts')
    expect(peers.map(({ name }) => `${name}.ts`).toSorted()).toEqual(files.toSorted())
    for (const [name, strategy] of adapters) expect(strategy.name).toBe(name)
  })

  test('calls no peer an exhibit: each is held to what it claims', () => {
    for (const strategy of adapters.values()) expect(strategy.exhibit).toBeUndefined()
  })

  test('sets each group beside strategies of ours, six arms with the controls at the most', () => {
    const known = strategies.map(({ name }) => name)
    for (const { ours, peers: own } of peerGroups) {
      expect(known).toEqual(expect.arrayContaining([...ours]))
      expect(ours.length + own.length).toBeLessThanOrEqual(4)
    }
  })

  test.each(peers)('says of $name where it is documented', ({ documentation, limit }) => {
    for (const link of [documentation, ...(limit === undefined ? [] : [limit.link])])
      expect(new URL(link).protocol).toBe('https:')
  })
})

describe('with one worker each does its work', () => {
  for (const [name, strategy] of adapters)
    test(name, async ({ skip }) => {
      const reason = lack(strategy)
      if (reason !== undefined) skip(reason)
      const dataDir = mkdtempSync(join(tmpdir(), 'crossworker-peer-'))
      try {
        await useOnce(strategy, dataDir, services)
      } finally {
        rmSync(dataDir, { recursive: true, force: true, maxRetries: 3 })
      }
    })
})

async function useOnce(strategy: Strategy, dataDir: string, addresses: Services): Promise<void> {
  const host = await strategy.host?.({
    dataDir,
    workers: 1,
    topology: 'processes',
    secret: new Uint8Array(32),
    services: addresses,
    fleetHost: '127.0.0.1',
  })
  const store = await strategy.open({
    dataDir,
    workerId: 0,
    workers: 1,
    secret: new Uint8Array(32).fill(7),
    services: addresses,
    handoff: host?.handoff,
    call: async (message) => host?.handle?.(message, 0),
  })
  const ids = [await store.issue('K7QX2M', 60_000), await store.issue('PUMP4T', 60_000)]
  const [first = '', second = ''] = ids
  expect(new Set(ids).size).toBe(2)
  for (const id of ids) expect(id).toMatch(/^[A-Za-z0-9_-]{22,512}$/)
  expect([await store.read(first), await store.read(second)]).toEqual(['K7QX2M', 'PUMP4T'])
  expect(await store.take(second)).toBe('PUMP4T')
  expect([await store.take(second), await store.read(second)]).toEqual([undefined, undefined])
  expect(await store.take(first)).toBe('K7QX2M')
  expect(await store.take(first.replaceAll(/./g, 'A'))).toBeUndefined()
  await store.close()
  await host?.close()
}

describe('in a cluster', () => {
  test('a library that talks over the same channel as the server disturbs nobody', async () => {
    const strategy = join(packageRoot, 'dist/bench/peers/rate-limiter-cluster.js')
    const secret = '7'.repeat(64)
    await using server = await startServer({ strategy, workers: 2, ttlMs: 60_000, render: 'none', secret })
    const [{ endpoint }] = server.addresses
    const issued = await fetch(`${endpoint}/captcha`, { method: 'POST' })
    const { id } = (await issued.json()) as { readonly id: string }
    const guess = async () => {
      const headers = { 'content-type': 'application/json', connection: 'close' }
      const body = JSON.stringify({ answer: issued.headers.get('x-captcha-answer') })
      return (await fetch(`${endpoint}/captcha/${id}/verify`, { method: 'POST', headers, body })).status
    }
    expect([await guess(), await guess(), await guess()]).toEqual([200, 404, 404])
    expect(server.ended()).toBeUndefined()
  })
})

const facts = (name: string, more = {}) => ({
  name,
  libraries: [`${name}-library`],
  documentation: `https://example.org/${name}`,
  promise: `What ${name} promises.`,
  source: `What decides in ${name}.`,
  ...more,
})

/** Of a counterpart, a peer that is twice as fast and loses nothing, and one that is half as fast and loses across workers. */
function exampleRun(): PeersRun {
  const plan = planOf([entrant('ours'), entrant('quick-peer'), entrant('losing-peer')], { reference: 'ours' })
  const losing = { cost: 2, pairs: pairs({ cross: 3 }) }
  const behaviours = { ours: {}, 'quick-peer': { cost: 0.5 }, 'losing-peer': losing, ...controls }
  const limit = { says: 'One process only.', link: 'https://example.org/limits' }
  return {
    facts: [facts('quick-peer'), facts('losing-peer', { limit })],
    versions: { 'quick-peer-library': '1.2.3', 'losing-peer-library': '4.5.6' },
    results: toResults({ plan, environment, records: record({ blocks: 6, behaviours }) }),
  }
}

describe('peers.md', () => {
  const report = peersReport([exampleRun()])
  const rowsOf = (name: string) =>
    report.split('\n').filter((line) => new RegExp(`^\\| (\\*\\*|\`)${name}`).test(line))

  test('tells versions, documentation, promise, source and documented limit of each peer', () => {
    for (const text of [
      '**quick-peer** (quick-peer-library 1.2.3)',
      '(https://example.org/losing-peer)',
      'Promise: What losing-peer promises.',
      'In its source: What decides in losing-peer.',
      'Documented limit: One process only. ([there](https://example.org/limits))',
    ])
      expect(report).toContain(text)
  })

  test('counts what was refused across workers, of how many', () => {
    const { results } = exampleRun()
    const losing = results.strategies.find(({ name }) => name === 'losing-peer')
    const { attempts, failures } = losing?.correctness?.verificationFailures.crossWorker ?? { attempts: 0 }
    expect(failures).toBeGreaterThan(0)
    const told = `${failures?.toLocaleString('en')} of ${attempts.toLocaleString('en')}`
    expect(rowsOf('losing-peer')[0]).toContain(`| ${told} |`)
    expect(rowsOf('losing-peer')[0]).toContain('visibility ')
    expect(rowsOf('quick-peer')[0]).toContain('| 0 of ')
  })

  test('compares with ours only who keeps as much, and says where ours is slower', () => {
    const [contest = ''] = /## Where a peer keeps[\s\S]*?\n## /.exec(report) ?? []
    expect(contest).toContain('**quick-peer**')
    expect(contest).toMatch(/0\.50 \[0\.\d\d, 0\.\d\d\] \*slower\*/)
    expect(contest).not.toContain('losing-peer')
  })

  test('tells the ratio of a peer as theirs over ours', () =>
    expect(rowsOf('losing-peer').join()).toMatch(/\| 0\.5\d? \[[^\]]+\] × `ours` \|/))

  test('says what was not exercised instead of calling it kept', () => {
    expect(rowsOf('quick-peer')[0]).toContain('single-use')
    expect(report).toContain('none seen broken')
    expect(report).not.toContain('all claims kept')
  })

  test('names the groups that could not be measured', () => {
    expect(report).not.toContain('Could not be measured')
    expect(peersReport([exampleRun()], ['redis'])).toContain('Could not be measured here: redis.')
  })

  test('is the same for the same results, and joins runs', () => {
    expect(peersReport([exampleRun()])).toBe(report)
    expect(peersReport([exampleRun(), exampleRun()]).split('### quick-peer')).toHaveLength(3)
  })

  test('lets no name end a table or become markup', () => {
    const run = exampleRun()
    const strategies = run.results.strategies.map((strategy) => ({
      ...strategy,
      summary: '<img src=x>|\n',
    }))
    expect(peersReport([{ ...run, results: { ...run.results, strategies } }])).not.toMatch(/<img/)
  })
})
