import { afterAll, describe, expect, test, vi } from 'vitest'
import { type OpenEngines, openServices } from '../../bench/services.js'
import { withRig } from '../conformance.js'
import postgres from '../strategies/postgres.js'
import redis, { connectRedis } from '../strategies/redis.js'
import tokenRedis from '../strategies/token-redis.js'
import type { CaptchaStore, Strategy } from '../strategy.js'

/** Longer than a store may wait for its engine, and a request for its store. */
const patienceMs = 5_000
const minute = 60_000

// An engine's start, and more so initdb, is a matter of the disk.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const services = openServices({})
afterAll(() => services[Symbol.asyncDispose]())

async function freshOr(skip: (reason: string) => void, { engines = [] }: Strategy): Promise<OpenEngines> {
  try {
    return await services.fresh(engines)
  } catch (error) {
    skip(error instanceof Error ? error.message : String(error))
    throw error
  }
}

function ownOf({ engines: [engine] }: OpenEngines) {
  if (engine?.own === undefined) throw new Error('expected an engine of our own')
  return engine.own
}

async function timed(task: () => unknown): Promise<number> {
  const startedMs = performance.now()
  await task()
  return performance.now() - startedMs
}

/** Whatever a store says of an engine that is away, it says soon, and by an error. */
async function expectFailures(store: CaptchaStore, id: string): Promise<void> {
  const asked = [async () => store.read(id), async () => store.take(id), async () => store.read(id)]
  const took = await timed(async () => {
    for (const outcome of await Promise.allSettled(asked.map((ask) => ask())))
      expect(outcome.status).toBe('rejected')
  })
  expect(took).toBeLessThan(patienceMs)
}

async function eventually(store: CaptchaStore): Promise<void> {
  const works = async () => {
    const id = await store.issue('K7QX2M', minute)
    expect(await store.take(id)).toBe('K7QX2M')
  }
  await vi.waitFor(works, { interval: 50, timeout: 10_000 })
}

for (const strategy of [redis, tokenRedis, postgres]) {
  // Waiting for engines that are away is most of it, and each test has an engine of its own.
  describe.concurrent(strategy.name, () => {
    test('says that it cannot while its engine is stopped, and works again, without a word, when it is back', async ({
      skip,
    }) => {
      await using open = await freshOr(skip, strategy)
      await withRig(strategy, { services: open.services }, async (rig) => {
        const store = await rig.open(0)
        const [kept, spent] = [await store.issue('KEPT', minute), await store.issue('SPENT', minute)]
        expect(await store.take(spent)).toBe('SPENT')
        await ownOf(open).stop()
        await expectFailures(store, spent)
        await ownOf(open).start()
        await eventually(store)
        expect([await store.read(spent), await store.take(spent)]).toEqual([undefined, undefined])
        expect([await store.read(kept), await store.take(kept)]).toEqual(['KEPT', 'KEPT'])
      })
    })

    test('gives up on an engine that stands still, never repeats a take, and says good-bye to nobody', async ({
      skip,
    }) => {
      await using open = await freshOr(skip, strategy)
      await withRig(strategy, { services: open.services }, async (rig) => {
        const store = await rig.open(0)
        const id = await store.issue('K7QX2M', minute)
        await store.read(id)
        ownOf(open).pause()
        await expectFailures(store, id)
        expect(await timed(rig.closeStores)).toBeLessThan(1_000)
        ownOf(open).resume()
        const again = await rig.open(0)
        await eventually(again)
        // Whether the engine did what it was asked before it stood still, nobody knows; but not twice.
        const taken = [await again.take(id), await again.take(id)]
        expect(taken.filter((answer) => answer !== undefined).length).toBeLessThan(2)
      })
    })

    test('does not open without an address', async () => {
      await expect(withRig(strategy, {}, (rig) => rig.open(0))).rejects.toThrow(/REDIS_URL|DATABASE_URL/)
    })

    test('does not open when nobody answers, and says why', async () => {
      const nobody = { redisUrl: 'redis://127.0.0.1:1', postgresUrl: 'postgresql://x:secret@127.0.0.1:1/x' }
      const opening = withRig(strategy, { services: nobody }, (rig) => rig.open(0))
      const error = await opening.then(
        () => undefined,
        (reason: Error) => reason,
      )
      expect(error?.message).toMatch(/ECONNREFUSED/)
      expect(error?.message).not.toMatch(/secret/)
    })
  })
}

test('postgres makes its table once, however many hosts come at once', async ({ skip }) => {
  await using open = await freshOr(skip, postgres)
  const hosts = Array.from({ length: 6 }, () =>
    withRig(postgres, { services: open.services }, async (rig) => eventually(await rig.open(0))),
  )
  await Promise.all(hosts)
})

test('postgres sweeps what has expired', async ({ skip }) => {
  await using open = await freshOr(skip, postgres)
  await withRig(postgres, { services: open.services }, async (rig) => {
    const store = await rig.open(0)
    const ids = Array.from({ length: 30 }, async () => store.issue('BRIEF', 20))
    await Promise.all(ids)
    const isEmpty = async () => expect(await ownOf(open).records()).toBe(0)
    await vi.waitFor(isEmpty, { interval: 100, timeout: 8_000 })
  })
})

// Whoever waits behind one that Redis takes long for has waited since it asked, and not since the answer before its own.
test('redis waits two seconds for each command, whatever is answered meanwhile, and works again', async ({
  skip,
}) => {
  await using engines = await freshOr(skip, redis)
  const connection = await connectRedis(engines.services)
  try {
    const slow = ['BLPOP', 'nobody-pushes', '1.2'] as const
    const answered = connection.send(...slow)
    const took = await timed(() => expect(connection.send(...slow)).rejects.toThrow(/within 2000 ms/))
    expect(await answered).toBeNull()
    expect(took).toBeGreaterThan(1_990)
    expect(took).toBeLessThan(2_300)
    await vi.waitFor(async () => expect(await connection.send('PING')).toBe('PONG'), { timeout: 5_000 })
  } finally {
    connection.close()
  }
})

// The client's own limit for a command is a signal that fires long after its answer: two thirds of what a command costs. A timer of
// ours for each was an eighth.
test('redis makes no signal and no timer for each command', async ({ skip }) => {
  await using engines = await freshOr(skip, redis)
  const signal = vi.spyOn(AbortSignal, 'timeout')
  const timer = vi.spyOn(globalThis, 'setTimeout')
  try {
    await withRig(redis, { services: engines.services }, async (rig) => {
      const store = await rig.open(0)
      signal.mockClear()
      timer.mockClear()
      const id = await store.issue('K7QX2M', minute)
      expect([await store.read(id), await store.take(id)]).toEqual(['K7QX2M', 'K7QX2M'])
      expect(signal).not.toHaveBeenCalled()
      expect(timer.mock.calls.length).toBeLessThan(2)
    })
  } finally {
    signal.mockRestore()
    timer.mockRestore()
  }
})
