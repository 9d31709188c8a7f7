import { expect, test } from 'vitest'
import { createSharedMemory } from '../../src/strategies/shared-memory.js'
import type { MicroLine } from '../micro/records.js'
import { timeStore } from '../micro/tasks.js'

async function timed(slots: number, populations: readonly number[]): Promise<readonly MicroLine[]> {
  const host = await createSharedMemory({ slots }).host?.({
    dataDir: '',
    workers: 1,
    topology: 'threads',
    secret: new Uint8Array(32),
    services: {},
    fleetHost: '127.0.0.1',
  })
  const store = await createSharedMemory({ slots }).open({
    dataDir: '',
    workerId: 0,
    workers: 1,
    secret: new Uint8Array(32),
    services: {},
    handoff: host?.handoff,
    call: () => Promise.reject(new Error('nobody to call')),
  })
  const lines: MicroLine[] = []
  const task = { strategy: 'small', module: '', populations, timeMs: 10, fillLimitMs: 1_000 }
  await timeStore(store, task, (line) => void lines.push(line))
  return lines
}

test('a store that is full before a population is reached is measured up to the one before', async () => {
  const lines = await timed(200, [100, 10_000])
  expect(lines.map(({ kind, population }) => [kind, population])).toEqual([
    ['micro', 100],
    ['micro', 100],
    ['micro', 100],
    ['micro-gap', 10_000],
  ])
  expect(lines.at(-1)).toMatchObject({
    reason: expect.stringMatching(/^it took no more than 100: .* is full$/),
  })
})

test('a store that does not take the smallest population has broken down', async () => {
  await expect(timed(50, [100, 10_000])).rejects.toThrow(/is full/)
})
