import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Plan } from '../plan.js'
import { createRunFolder, type RunFolder } from '../run-folder.js'
import type { ScalingCell, ScalingPlan } from '../scaling/plan.js'
import type { ScalingSlice } from '../scaling/records.js'
import { openStock } from '../scaling/stock.js'
import { measureScaling } from '../scaling.js'
import { openServices } from '../services.js'
import { seededRandom } from '../statistics.js'
import { startServer } from '../topology.js'
import { environment, memory, planOf } from './fixtures.js'

/** The study against real servers, as small as it gets. */

const quiet = {
  say: () => undefined,
  starting: () => undefined,
  note: () => undefined,
  step: () => undefined,
  warmingUp: () => undefined,
  block: () => undefined,
  measured: () => undefined,
  launchEnded: () => undefined,
  close: () => undefined,
}

let out: string

beforeAll(async () => {
  out = await mkdtemp(join(tmpdir(), 'crossworker-scaling-'))
})
afterAll(() => rm(out, { recursive: true, force: true }))

const cell = (workers: number, connections: number, population: number): ScalingCell => ({
  name: `${workers} ${connections} ${population}`,
  ...{ workers, connections, population },
})

function tinyPlan(cells: readonly ScalingCell[], fillLimitMs = 10_000): Plan {
  const limits = { requests: 8, endsMs: 0 }
  const centre = cell(2, 2, 60)
  const connections = [centre, cell(2, 4, 60)]
  const blocksOf = (of: readonly ScalingCell[]) => [0, 1, 2].map(() => of.map(({ name }) => name))
  const scaling: ScalingPlan = {
    phases: [
      { name: 'servers', sweeps: ['workers', 'population'], cells: [centre, ...cells], ...limits },
      { name: 'connections', sweeps: ['connections'], cells: connections, ...limits },
    ],
    series: [
      {
        arm: { name: 'memory', role: 'strategy', module: 'memory' },
        seed: 1,
        blocks: { servers: blocksOf([centre, ...cells]), connections: blocksOf(connections) },
      },
    ],
    sliceMs: 1_000,
    warmUp: { requests: 16, limitMs: 5_000 },
    fillLimitMs,
    ttlMs: 60_000,
  }
  return { ...planOf([memory], { studies: ['scaling'] }), scaling }
}

async function measured(name: string, plan: Plan, signal = new AbortController().signal): Promise<RunFolder> {
  const folder = await createRunFolder(join(out, name), plan, environment)
  await measureScaling({ plan, folder, services: openServices({}), progress: quiet, signal })
  return folder
}

describe('the scaling study', () => {
  test('records each operation in every cell, for two blocks however late it is', async () => {
    const folder = await measured('whole', tinyPlan([cell(2, 2, 300)]))
    const lines = await folder.readScaling()
    const slices = lines.filter((line): line is ScalingSlice => line.kind === 'scaling')
    expect(slices).toHaveLength(lines.length)
    const places = slices.map(
      (slice) => `${slice.phase} ${slice.connections} ${slice.population} ${slice.block}`,
    )
    const expected = [0, 1].flatMap((block) =>
      ['servers 2 60', 'servers 2 300', 'connections 2 60', 'connections 4 60'].map(
        (place) => `${place} ${block}`,
      ),
    )
    expect(new Set(places)).toEqual(new Set(expected))
    expect(slices).toHaveLength(3 * expected.length)
    for (const { requests, outcomes, population, live, operation, ...slice } of slices) {
      expect(slice.void).toBeUndefined()
      expect(requests).toBe(8)
      // A worker that did not issue it does not know it; nothing else may go wrong.
      expect(outcomes.accepted + outcomes.unknown).toBe(8)
      expect(live).toBe(operation === 'read' ? population + 4 : population)
    }
  }, 60_000)

  test('leaves out a population that would take too long, with the reason, and goes on', async () => {
    const folder = await measured('gap', tinyPlan([cell(2, 2, 2_000_000)], 1))
    const lines = await folder.readScaling()
    const gaps = lines.filter((line) => line.kind === 'scaling-gap')
    expect(gaps).toMatchObject([{ strategy: 'memory', workers: 2, connections: 2, population: 2_000_000 }])
    expect(gaps[0]).toHaveProperty('reason', expect.stringMatching(/^it would take \d+ s to issue so many$/))
    expect(lines.filter((line) => line.kind === 'scaling').length).toBeGreaterThan(0)
  }, 60_000)

  test('says why a server did not start', async () => {
    const plan = tinyPlan([])
    const [series] = plan.scaling?.series ?? []
    if (plan.scaling === undefined || series === undefined) throw new Error('expected a series')
    const arm = { name: 'gone', role: 'strategy', module: './gone.mjs' } as const
    const folder = await measured('gone', {
      ...plan,
      scaling: { ...plan.scaling, series: [{ ...series, arm }] },
    })
    const lines = await folder.readScaling()
    expect(lines.map(({ kind, connections }) => [kind, connections])).toEqual([
      ['scaling-gap', 2],
      ['scaling-gap', 4],
    ])
    expect(lines[0]).toHaveProperty('reason', expect.stringContaining('gone.mjs'))
  }, 60_000)

  test('ends at once when it is interrupted, and blames nobody', async () => {
    const controller = new AbortController()
    const plan = tinyPlan([cell(2, 2, 300)])
    const folder = await createRunFolder(join(out, 'ended'), plan, environment)
    const interrupting = {
      ...quiet,
      step: (line: string) => void (line.includes('block 2') && controller.abort()),
    }
    const { signal } = controller
    await measureScaling({ plan, folder, services: openServices({}), progress: interrupting, signal })
    const lines = await folder.readScaling()
    expect(lines.every((line) => line.kind === 'scaling' && line.block === 0)).toBe(true)
    expect(lines.length).toBeGreaterThan(0)
  }, 60_000)
})

describe('a stock of live captchas', () => {
  test('grows and shrinks to what is asked, and knows who issued what', async () => {
    const options = { workers: 2, ttlMs: 60_000, render: 'none', secret: '0'.repeat(64) } as const
    await using server = await startServer({ strategy: 'memory', ...options })
    using stock = await openStock(server, 4)
    const { signal } = new AbortController()
    expect(await stock.fill({ size: 100, limitMs: 10_000, signal })).toBeUndefined()
    expect(stock.size).toBe(100)
    await stock.bringTo(40)
    expect(stock.size).toBe(40)
    await stock.bringTo(44)
    expect(stock.size).toBe(44)
    const chosen = stock.choose(10, seededRandom(1))
    expect(new Set(chosen.map(({ id }) => id)).size).toBe(10)
    expect(stock.choose(1_000, seededRandom(1))).toHaveLength(44)
    expect(new Set(stock.choose(1_000, seededRandom(1)).map(({ issuer }) => issuer))).toEqual(new Set([0, 1]))
    stock.forget(chosen)
    expect(stock.size).toBe(34)
    stock.add(chosen)
    expect(stock.size).toBe(44)
    // Taken where they were issued: nowhere else are they known.
    await stock.discard(chosen)
    const [one] = chosen
    const verify = (worker: Response) => worker.status
    const body = JSON.stringify({ answer: one?.answer })
    const headers = { 'content-type': 'application/json' }
    const asked = Array.from({ length: 6 }, () =>
      fetch(`${server.addresses[0].endpoint}/captcha/${one?.id}/verify`, {
        method: 'POST',
        body,
        headers,
      }).then(verify),
    )
    expect(new Set(await Promise.all(asked))).toEqual(new Set([404]))
  }, 30_000)
})
