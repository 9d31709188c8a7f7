import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { bareServers, limits, withBareEntrants, withBareServers, withLimits } from '../floor/arms.js'
import { limitsOf, serversOf } from '../floor/servers.js'
import { timeSpent } from '../floor/spent.js'
import { openLoadGenerator } from '../load/generator.js'
import { exchange, issuedIn, openLine, toText } from '../load/raw.js'
import { summarise } from '../load/summarise.js'
import { openWarmUpLoad } from '../load/warm-up.js'
import { packageRoot } from '../paths.js'
import { noopName, twinName } from '../plan.js'
import { type FloorFigures, floorReport } from '../report/floor.js'
import { type OpenEngines, openServices, type RunServices } from '../services.js'
import { operations, type TimingRecord } from '../slices.js'
import { secretOf, startServer } from '../topology.js'
import { controls, entrant, environment, memory, planOf, record } from './fixtures.js'

const bare = Object.keys(bareServers)

describe.each(Object.entries(bareServers))('%s', (_name, entry) => {
  const start = () =>
    startServer({
      strategy: 'memory',
      workers: 2,
      ttlMs: 60_000,
      render: 'none',
      secret: secretOf(1),
      program: { entry: join(packageRoot, entry), cwd: packageRoot },
    })

  test('runs under our primary, and answers warm-up and slices as our server does', async () => {
    await using server = await start()
    expect(server.workers.map(({ id }) => id)).toEqual([0, 1])
    using load = await openWarmUpLoad(server, 4)
    await load.send(3)
    using generator = await openLoadGenerator(server, 4)
    const limitMs = 10_000
    const written = await generator.run({ operation: 'write', work: 40, limitMs })
    const captchas = written.answers.flatMap(({ captcha }) => captcha ?? [])
    const read = await generator.run({ operation: 'read', work: captchas, limitMs })
    const taken = await generator.run({ operation: 'take', work: captchas, limitMs })
    const runs = { write: written, read, take: taken }
    for (const operation of operations) {
      const { outcomes, storeP50Us, ...summary } = summarise(operation, runs[operation])
      expect(outcomes.accepted).toBe(40)
      expect(storeP50Us).toBeGreaterThanOrEqual(0)
      expect(summary.void).toBeUndefined()
    }
    expect(new Set(captchas.map(({ id }) => id)).size).toBe(40)
    expect(new Set(written.answers.map(({ worker }) => worker))).toEqual(new Set([0, 1]))
    expect(server.ended()).toBeUndefined()
  })

  test('tells a captcha as the warm-up reads it, and refuses a wrong answer', async () => {
    await using server = await start()
    const [address] = server.addresses
    const { socket } = await openLine(address)
    const issued = await exchange(socket, [toText.write({ id: '', answer: '' })])
    socket.destroy()
    const [captcha] = issuedIn(issued)
    expect(issued).toContain(`{"id":"${captcha?.id}",`)
    const verify = async (answer = '') => {
      const headers = { 'content-type': 'application/json' }
      const url = `${address.endpoint}/captcha/${captcha?.id}/verify`
      const { status } = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ answer }) })
      return status
    }
    expect([await verify(captcha?.answer), await verify('WRONG1')]).toEqual([200, 403])
  })
})

describe('the plan of the floor', () => {
  const plan = withBareServers(planOf(withBareEntrants([memory])))

  test('has arms of all servers in every launch, of which the bare ones alone name a program', () => {
    for (const { arms } of plan.experiments) {
      expect(arms.map(({ name }) => name).toSorted()).toEqual(
        [memory.name, twinName, noopName, ...bare].toSorted(),
      )
      for (const { name, entry } of arms)
        expect(entry).toBe((bareServers as Readonly<Record<string, string>>)[name])
    }
  })
})

/** Without a Redis on this machine there is nothing to try its limit on. */
async function enginesOf(services: RunServices, name: string): Promise<OpenEngines | undefined> {
  if (name !== 'bare-redis') return services.shared([])
  return services.shared(['redis']).catch(() => undefined)
}

describe.each(limits)('$name', ({ name }) => {
  test('keeps a captcha from one worker for another, through all that a slice asks', async (context) => {
    await using services = openServices({})
    const engines = await enginesOf(services, name)
    if (engines === undefined) return context.skip()
    await using server = await startServer({
      strategy: join(packageRoot, `dist/bench/floor/limits/${name}.js`),
      workers: 2,
      ttlMs: 60_000,
      render: 'none',
      secret: secretOf(1),
      engines,
    })
    using generator = await openLoadGenerator(server, 4)
    const limitMs = 10_000
    // Twice: a captcha may be put where one was that has been taken.
    for (const _round of [1, 2]) {
      const { answers } = await generator.run({ operation: 'write', work: 60, limitMs })
      const captchas = answers.flatMap(({ captcha }) => captcha ?? [])
      expect(new Set(captchas.map(({ id }) => id)).size).toBe(60)
      // The generator hands them to other connections.
      for (const operation of ['read', 'take'] as const) {
        const run = await generator.run({ operation, work: captchas.toReversed(), limitMs })
        const { outcomes, pairs, ...summary } = summarise(operation, run)
        expect(outcomes.accepted).toBe(60)
        expect(summary.void).toBeUndefined()
        if (operation === 'take') expect(pairs.some(({ issuer, verifier }) => issuer !== verifier)).toBe(true)
      }
    }
    expect(server.ended()).toBeUndefined()
  })
})

describe('the plan of the limits', () => {
  test('has each limit behind that of ours, with the engines that it needs', () => {
    const ours = ['sqlite', 'manager', 'redis'].map((name) =>
      entrant(name, name === 'redis' ? { engines: ['redis'] } : {}),
    )
    const entrants = withLimits([memory, ...ours])
    expect(entrants.map(({ name }) => name)).toEqual([
      ...['memory', 'sqlite', 'bare-sqlite', 'manager', 'bare-ipc', 'bare-socket', 'redis', 'bare-redis'],
    ])
    for (const { name, module, engines } of entrants.filter((each) => each.name.startsWith('bare-'))) {
      expect(module).toBe(`./dist/bench/floor/limits/${name}.js`)
      expect(engines).toEqual(name === 'bare-redis' ? ['redis'] : undefined)
    }
  })
})

describe('where the time of the timing study went', () => {
  const warmUp = (launch: number): TimingRecord => ({
    kind: 'warm-up',
    launch,
    startMs: 2_000,
    arms: {
      memory: { windows: 8, ended: 'settled', wallMs: 700 },
      twin: { windows: 8, ended: 'cap', wallMs: 800 },
    },
    requests: {},
  })
  const slices = record({ launches: 2, blocks: 5, behaviours: { memory: {}, twin: {} } })
  const records = [warmUp(0), warmUp(1), ...slices]

  test('is starting, warming up, slices and the rest', () => {
    // The fixture's slices last 60 ms each, its study 40 s.
    expect(timeSpent(records)).toEqual({
      runMs: 40_000,
      totalMs: 40_000,
      startingMs: 4_000,
      warmingMs: 3_000,
      slicesMs: 2 * 5 * 2 * 3 * 60,
      restMs: 40_000 - 4_000 - 3_000 - 3_600,
    })
  })

  test('leaves slices out that are in no figure', () => {
    const fitting = slices.map((each) => (each.kind === 'slice' ? { ...each, block: -1 } : each))
    expect(timeSpent([warmUp(0), ...fitting])?.slicesMs).toBe(0)
  })

  test('is not known of a run that did not come to its end', () => {
    expect(timeSpent(records.filter(({ kind }) => kind !== 'end'))).toBeUndefined()
  })
})

/** `manager` costs half as much again as one of its limits, and twice as much as the other. */
function exampleLimits(): FloorFigures['limits'] {
  const plan = planOf(withLimits([memory, entrant('manager')]))
  const behaviours = {
    memory: {},
    manager: { cost: 3 },
    'bare-ipc': { cost: 2 },
    'bare-socket': { cost: 1.5 },
    ...controls,
  }
  const slices = record({ blocks: 6, behaviours }).filter((each) => each.kind === 'slice')
  const pairs = limits.filter(({ ours }) => ours === 'manager')
  const skipped = ['redis: cannot run here: no Redis here']
  return { launches: 3, blocks: 18, pairs, servers: limitsOf(plan, slices), skipped }
}

function exampleFigures(): FloorFigures {
  const plan = withBareServers(planOf(withBareEntrants([memory])))
  const [fastify = '', http = ''] = bare
  const behaviours = { memory: {}, ...controls, [fastify]: { cost: 0.4 }, [http]: { cost: 0.2 } }
  const slices = record({ blocks: 6, behaviours }).filter((each) => each.kind === 'slice')
  const { startedAt, command, seed, workers, connections, baseline } = plan
  return {
    run: { startedAt, command, seed, workers, connections, launches: 3, blocks: 18, baseline },
    environment,
    noop: noopName,
    servers: serversOf(plan, slices),
    limits: exampleLimits(),
    harness: {
      blocks: 20,
      requests: 1_120,
      ways: [
        { way: 'alone', operations: operations.map(() => ({ cpuUsPerOp: 30, ratio: undefined })) },
        {
          way: '+ more',
          operations: operations.map(() => ({ cpuUsPerOp: 45, ratio: { value: 1.5, low: 1.4, high: 1.6 } })),
        },
      ],
    },
    reference: {
      judging: { slices: 1_392, histories: 47, judgeMs: 3_200.4, reportsMs: 800 },
      firstSliceMs: 24_500,
      spent: {
        runMs: 160_000,
        totalMs: 100_000,
        startingMs: 20_000,
        warmingMs: 30_000,
        slicesMs: 40_000,
        restMs: 10_000,
      },
    },
  }
}

describe('floor.md', () => {
  const report = floorReport(exampleFigures())
  const row = (server: string, place: number) => {
    const rows = report.split('\n').filter((line) => line.startsWith(`| ${server} | write |`))
    return (rows[place] ?? '').split('|').map((cell) => cell.trim())
  }

  test('sets every server beside the baseline, of which each ratio is 1', () => {
    expect(row('memory', 0).slice(3, 6)).toEqual(['1', '1', '1'])
    expect(row(twinName, 0)[3]).toMatch(/^(0\.99|1\.0\d) \[/)
    const about = (cell = '') => Number.parseFloat(cell)
    expect(about(row(noopName, 0)[5])).toBeCloseTo(0.8, 1)
    expect(about(row(bare[0] ?? '', 0)[3])).toBeCloseTo(2.5, 1)
    expect(row(bare[0] ?? '', 0)[3]).toMatch(/^\d\.\d\d \[\d\.\d\d, \d\.\d\d\]$/)
  })

  test('tells what ours costs beyond a bare server, as a ratio of one block and in CPU time', () => {
    // 0.4 and 0.2 of the baseline's cost beside the no-op's 0.8, which is about 400 µs of CPU.
    expect(row(bare[0] ?? '', 1)[4]).toMatch(/^0\.50 \[/)
    expect(row(bare[1] ?? '', 1)[4]).toMatch(/^0\.25 \[/)
    const [saved, more] = bare.map((name) => Number.parseFloat(row(name, 1)[5] ?? ''))
    expect(saved).toBeGreaterThan(150)
    expect(more).toBeGreaterThan(saved ?? Number.POSITIVE_INFINITY)
  })

  test('tells what share of its limit each of ours keeps, and what the limit is to the baseline', () => {
    const about = (cell = '') => Number.parseFloat(cell)
    const shares = [
      ['manager ÷ bare-ipc', 2 / 3, 0.5],
      ['manager ÷ bare-socket', 1 / 2, 2 / 3],
    ] as const
    for (const [pair, ours, limit] of shares) {
      const [throughput, cpu, ofLimit, cpuOfLimit, ofOurs] = row(pair, 0).slice(3)
      expect(about(throughput)).toBeCloseTo(ours, 1)
      expect(about(cpu)).toBeCloseTo(1 / ours, 1)
      expect(about(ofLimit)).toBeCloseTo(limit, 1)
      expect(about(cpuOfLimit)).toBeCloseTo(1 / limit, 1)
      expect(about(ofOurs)).toBeCloseTo(1 / 3, 1)
      const [, low = '', high = ''] = /\[(.+), (.+)\]/.exec(throughput ?? '') ?? []
      expect(Number(low)).toBeLessThan(about(throughput))
      expect(Number(high)).toBeGreaterThan(about(throughput))
    }
  })

  test('says which of ours could not run here', () => {
    expect(report).toContain('Not here: redis: cannot run here: no Redis here.')
    expect(report).not.toContain('bare-redis')
  })

  test('tells what the harness costs, and where the time of the reference run went', () => {
    for (const text of [
      '20 blocks, of 1,120 requests for each way',
      '| + more | 45.0 µs, × 1.50 [1.40, 1.60] |',
      'judged in 3,200 ms, its reports written in 800 ms',
      'first slice on disk 24.5 s after',
      'took 160 s; its timing study spent 100 s of them',
      '| measured slices | 40.0 s | 40.0 % |',
      'A processor, 2 cores, 8.0 GiB; Linux 6.1; Node v20.19.0; fastify 5.0.0, autocannon ?.',
    ])
      expect(report).toContain(text)
  })

  test('is the same for the same figures, and says where one is missing', () => {
    expect(floorReport(exampleFigures())).toBe(report)
    const servers = exampleFigures().servers.map((server) => ({ ...server, cpuUsPerOp: null, ratios: [] }))
    expect(floorReport({ ...exampleFigures(), servers })).toContain('| noop | write | – | – | – |')
  })
})
