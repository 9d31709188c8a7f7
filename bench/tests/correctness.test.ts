import { existsSync } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { type CorrectnessTask, quick, runCorrectness } from '../correctness.js'
import { type History, toHistory } from '../history.js'
import { readHistory } from '../history-file.js'
import { serverEntry } from '../paths.js'
import { openServices } from '../services.js'
import { processesMarked, stoppedProcesses } from './leftovers.js'

const mark = `correctness-test-${process.pid}-${Date.now()}`
let root: string
let folder: string
let temporary: string

beforeAll(async () => {
  if (!existsSync(serverEntry))
    throw new Error(`expected ${serverEntry}, got nothing: npm run build makes it`)
  root = await mkdtemp(join(tmpdir(), 'crossworker-correctness-'))
})
beforeEach(async () => {
  folder = await mkdtemp(join(root, 'histories-'))
  temporary = await mkdtemp(join(root, 'data-'))
  vi.stubEnv('CROSSWORKER_TEST', mark)
  vi.stubEnv('TMPDIR', temporary)
})
afterEach(async () => {
  expect(processesMarked(mark)).toEqual([])
  expect(await readdir(temporary)).toEqual([])
  vi.unstubAllEnvs()
})
afterAll(async () => {
  for (const pid of processesMarked(mark)) process.kill(pid, 'SIGKILL')
  await rm(root, { recursive: true, force: true })
})

function taskOf(more: Partial<CorrectnessTask>): CorrectnessTask {
  return {
    ...quick,
    strategy: 'memory',
    name: 'memory',
    claims: { scope: 'process', singleUse: true, survives: 'nothing' },
    topology: 'processes',
    hosts: 1,
    services: openServices({}),
    workers: 2,
    seed: 1,
    folder,
    signal: new AbortController().signal,
    ...more,
  }
}

async function historyOf(file: string): Promise<History> {
  return toHistory(await readHistory(join(folder, file)))
}

describe('the correctness study of a strategy', () => {
  test('leaves a history of everyday use and misuse', async () => {
    await runCorrectness(taskOf({ sites: ['ordinary'], captchas: 1_500, races: 60, ordinaryLimitMs: 10_000 }))
    const { site, ops, integrity, gaps } = await historyOf('memory.ordinary.ndjson')
    expect(site).toMatchObject({ strategy: 'memory', name: 'ordinary', workers: 2, ttlMs: 120_000 })
    const issued = ops.filter(({ result }) => result === 'issued')
    expect(issued.length).toBeGreaterThanOrEqual(1_500)
    expect(new Set(issued.map(({ worker }) => worker))).toEqual(new Set([0, 1]))
    expect(new Set(ops.map(({ instance }) => instance)).size).toBe(1)
    expect(new Set(ops.map(({ race }) => race)).size).toBeGreaterThan(20)
    for (const result of ['found', 'accepted', 'wrong', 'unknown'] as const)
      expect(ops.some((op) => op.result === result)).toBe(true)
    expect(ops.filter(({ outcome }) => outcome !== 'ok')).toEqual([])
    expect(integrity).toMatchObject([{ what: 'litter', sound: true }])
    expect(gaps).toEqual([])
  })

  test('continues a worker that stands still when it is ended early, and closes the history', async () => {
    const abortion = new AbortController()
    const run = runCorrectness(taskOf({ sites: ['pause'], signal: abortion.signal }))
    const begun = () => expect(stoppedProcesses(processesMarked(mark))).toHaveLength(1)
    await vi.waitFor(begun, { timeout: 15_000, interval: 5 })
    abortion.abort()
    await run
    const { faults } = await historyOf('memory.pause.ndjson')
    expect(faults).toMatchObject([{ fault: 'pause-worker', of: 'stop', loses: 'nothing' }])
    expect(faults[0]?.healMs).toBeLessThan(Number.POSITIVE_INFINITY)
  })

  test('says in the history why a site could not be run', async () => {
    await runCorrectness(taskOf({ strategy: 'nonsense', sites: ['expiry'] }))
    const { gaps, ops } = await historyOf('memory.expiry.ndjson')
    expect(ops).toEqual([])
    expect(gaps).toMatchObject([{ checks: ['expiry', 'boundedness'] }])
    expect(gaps[0]?.reason).toMatch(/^expiry: .*expected one of memory/)
  })

  test('begins nothing once it has been ended', async () => {
    await runCorrectness(taskOf({ signal: AbortSignal.abort() }))
    expect(await readdir(folder)).toEqual([])
  })
})
