import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { recordIsolation } from '../isolation.js'
import { createProgress } from '../progress.js'
import { createRunFolder } from '../run-folder.js'
import { openServices } from '../services.js'
import { entrant, environment, planOf } from './fixtures.js'
import { processesMarked } from './leftovers.js'

const mark = `isolation-test-${process.pid}-${Date.now()}`
const out = await mkdtemp(join(tmpdir(), 'crossworker-isolation-'))
afterAll(async () => {
  vi.unstubAllEnvs()
  await rm(out, { recursive: true, force: true })
})

test('a crash ends one process, an exception one thread, and a kill all threads', async () => {
  vi.stubEnv('CROSSWORKER_TEST', mark)
  const plan = planOf([entrant('memory')], { studies: ['correctness'], workers: 3 })
  const folder = await createRunFolder(out, plan, environment)
  const stream = { write: () => true }
  const progress = createProgress({ stream, redraws: false, quiet: true, launches: 0, now: () => 0 })
  const services = openServices({})
  await recordIsolation({ plan, folder, services, progress, signal: new AbortController().signal })
  const [processes, threads] = await folder.readIsolation()
  expect(processes).toMatchObject({
    topology: 'processes',
    workers: 3,
    crashes: [
      { how: 'throw', others: 2, unharmed: 2 },
      { how: 'die', others: 1, unharmed: 1 },
    ],
  })
  expect(threads).toMatchObject({
    topology: 'threads',
    crashes: [
      { how: 'throw', others: 2, unharmed: 2 },
      { how: 'die', others: 1, unharmed: 0 },
    ],
  })
  if (process.platform === 'linux') {
    expect([processes?.connections, threads?.connections]).toEqual([
      { open: 3, shared: 0 },
      { open: 3, shared: 3 },
    ])
    expect(processes?.coresUsed).toBeGreaterThan(0)
    expect(processesMarked(mark)).toEqual([])
  }
}, 30_000)
