import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import fc from 'fast-check'
import { afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { conformance, withRig } from '../conformance.js'
import { createSlots, longestAnswer, type Slots, slotBytes } from '../strategies/shared-memory/slots.js'
import sharedMemory, { createSharedMemory } from '../strategies/shared-memory.js'
import { expectOneWinner, hosting, isFull, issueMany, minute, workerOf } from './shared-memory.fixtures.js'

const strategyModule = new URL('../../dist/src/strategies/shared-memory.js', import.meta.url)

beforeAll(() => {
  const path = fileURLToPath(strategyModule)
  if (!existsSync(path)) throw new Error(`expected ${path}, got nothing: npm run build makes it`)
})

const threads = { topology: 'threads' } as const

afterEach(() => void vi.useRealTimers())

describe('shared-memory between threads', () => {
  for (const law of conformance(sharedMemory, threads).filter(({ skip }) => skip === undefined))
    test(law.name, () => law.run())

  test('is shared by real threads, of which one wins each captcha', async () => {
    const host = await createSharedMemory({ slots: 4_096 }).host?.({ ...hosting, ...threads })
    const store = await createSharedMemory({ slots: 0 }).open(workerOf(0, host?.handoff))
    const ids = await issueMany(store, 2_000)
    const program = `
      const { parentPort, workerData } = require('node:worker_threads')
      import(workerData.module).then(async ({ default: strategy }) => {
        const store = await strategy.open(workerData)
        while (Date.now() < workerData.atMs);
        parentPort.postMessage(workerData.ids.map((id) => store.take(id) ?? null))
      })`
    const atMs = Date.now() + 300
    const taken = [1, 2].map(async (workerId) => {
      const module = strategyModule.href
      const { handoff, workers } = workerOf(workerId, host?.handoff)
      const workerData = { handoff, workers, workerId, module, ids, atMs }
      const thread = new Worker(program, { eval: true, workerData })
      const [answers]: (string | null)[][] = await once(thread, 'message')
      return answers ?? []
    })
    expectOneWinner(await Promise.all(taken), (index) => `ANSWER ${index}`)
  })
})

function pairOn(memory: SharedArrayBuffer): readonly [Slots, Slots] {
  return [createSlots(memory, { workerId: 0, workers: 2 }), createSlots(memory, { workerId: 1, workers: 2 })]
}

/** Lets others act right before the next call of `name`, in the middle of whoever makes it; for `load`, right after. */
function between(owner: object, name: 'toString' | 'load', act: () => void): void {
  const original: unknown = Reflect.get(owner, name)
  if (typeof original !== 'function') throw new Error(`expected a function ${name}, got ${typeof original}`)
  Reflect.set(owner, name, function acting(this: unknown, ...args: unknown[]) {
    Reflect.set(owner, name, original)
    const seen = name === 'load' ? original.apply(this, args) : undefined
    act()
    return name === 'load' ? seen : original.apply(this, args)
  })
}

describe('the slots', () => {
  const small = createSharedMemory({ slots: 32 })

  test('are all of any worker, and when they are full an issue fails and evicts nobody', () =>
    withRig(small, threads, async (rig) => {
      const [store, other] = await rig.pair()
      const ids = await issueMany(store, 32)
      expect([await isFull(store), await isFull(other)]).toEqual([true, true])
      for (const [index, id] of ids.entries()) expect(await other.read(id)).toBe(`ANSWER ${index}`)
      expect(await store.take(ids[7] ?? '')).toBe('ANSWER 7')
      expect(await other.take(ids[9] ?? '')).toBe('ANSWER 9')
      await issueMany(other, 2)
      expect(await isFull(store)).toBe(true)
    }))

  test('are used again once their captchas have expired, without a sweep', () =>
    withRig(small, threads, async (rig) => {
      vi.useFakeTimers({ toFake: ['Date'], now: 1_800_000_000_000 })
      const [store, other] = await rig.pair()
      const brief = await issueMany(store, 20, 500)
      const living = await issueMany(store, 12)
      vi.setSystemTime(Date.now() + 499)
      expect(await isFull(other)).toBe(true)
      vi.setSystemTime(Date.now() + 1)
      await issueMany(other, 20)
      expect(await isFull(other)).toBe(true)
      for (const id of brief)
        expect([await store.read(id), await store.take(id)]).toEqual([undefined, undefined])
      for (const [index, id] of living.entries()) expect(await store.take(id)).toBe(`ANSWER ${index}`)
    }))

  test('do not know the ids of captchas they held before', () =>
    withRig(createSharedMemory({ slots: 2 }), threads, async (rig) => {
      const [store, other] = await rig.pair()
      const old: string[] = []
      for (let round = 0; round < 50; round += 1) {
        const id = await store.issue('K7QX2M', minute)
        for (const before of old) expect(await other.take(before)).toBeUndefined()
        expect(await other.take(id)).toBe('K7QX2M')
        old.push(id)
      }
    }))

  test('take an answer as long as they are, and refuse a longer one without losing a slot', () =>
    withRig(createSharedMemory({ slots: 3 }), threads, async (rig) => {
      const [store, other] = await rig.pair()
      const lone = `\ud800${'é'.repeat(longestAnswer - 1)}`
      const ids = [await store.issue('A'.repeat(longestAnswer), minute), await store.issue(lone, minute)]
      for (let attempt = 0; attempt < 3; attempt += 1)
        expect(() => store.issue('A'.repeat(longestAnswer + 1), minute)).toThrow(/at most 108 .* got 109/)
      const neighbour = await store.issue('', minute)
      expect(await other.take(ids[0] ?? '')).toBe('A'.repeat(longestAnswer))
      expect(await other.take(ids[1] ?? '')).toBe(lone)
      expect(await other.take(neighbour)).toBe('')
    }))

  test('are undefined for an id that differs in any bit, or names a slot that is not there', () =>
    withRig(small, threads, async (rig) => {
      const [store] = await rig.pair()
      const ids = await issueMany(store, 32)
      const bit = fc.record({ pick: fc.nat({ max: 31 }), bit: fc.nat({ max: 24 * 8 - 1 }) })
      const property = fc.property(bit, ({ pick, bit }) => {
        const bytes = Buffer.from(ids[pick] ?? '', 'base64url')
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        const id = bytes.toString('base64url')
        expect([store.read(id), store.take(id)]).toEqual([undefined, undefined])
      })
      fc.assert(property, { seed: 20_260, numRuns: 400 })
      for (const [index, id] of ids.entries()) expect(await store.take(id)).toBe(`ANSWER ${index}`)
    }))

  test('left half written are freed by the worker that takes over, and by nobody else', async () => {
    const memory = new SharedArrayBuffer(8 * slotBytes)
    const words = new Int32Array(memory)
    const survivor = createSlots(memory, { workerId: 0, workers: 4 })
    for (const slot of [1, 2, 5]) words[slot * 4] = -1 - 3
    await issueMany({ ...survivor, close() {} }, 5)
    expect(() => survivor.issue('X', minute)).toThrow(/full/)
    createSlots(memory, { workerId: 2, workers: 4 })
    expect(() => survivor.issue('X', minute)).toThrow(/full/)
    createSlots(memory, { workerId: 3, workers: 4 })
    await issueMany({ ...survivor, close() {} }, 3)
    expect(() => survivor.issue('X', minute)).toThrow(/full/)
  })

  for (const verb of ['read', 'take'] as const) {
    test(`say undefined to a ${verb} whose slot has another captcha by the time the answer is copied`, () => {
      const [store, other] = pairOn(new SharedArrayBuffer(slotBytes))
      const id = String(store.issue('K7QX2M', minute))
      let next = ''
      between(Buffer.prototype, 'toString', () => {
        expect(other.take(id)).toBe('K7QX2M')
        next = String(other.issue('ANOTHER', minute))
      })
      expect(store[verb](id)).toBeUndefined()
      expect(store.take(next)).toBe('ANOTHER')
    })
  }

  test('go to one of two workers that found the same one free', () => {
    const [store, other] = pairOn(new SharedArrayBuffer(slotBytes))
    let id = ''
    between(Atomics, 'load', () => {
      id = String(other.issue('FIRST', minute))
    })
    expect(() => store.issue('SECOND', minute)).toThrow(/full/)
    expect(store.take(id)).toBe('FIRST')
  })

  test('start their generations anew without meeting what means free', () => {
    const memory = new SharedArrayBuffer(slotBytes)
    const store = createSlots(memory, { workerId: 0, workers: 1 })
    new Int32Array(memory)[1] = 0x7ffffffe
    for (const generation of [0x7fffffff, 1, 2]) {
      const id = store.issue('K7QX2M', minute)
      expect(new Int32Array(memory)[0]).toBe(generation)
      expect(store.take(String(id))).toBe('K7QX2M')
    }
  })
})
