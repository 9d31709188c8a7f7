import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { missingLibrary, type Rig, withRig } from '../conformance.js'
import lmdb, { createLmdb } from '../strategies/lmdb.js'

const minute = 60_000

afterEach(() => void vi.useRealTimers())

/** Time stands still until a test moves it. */
function holdTime(): void {
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'], now: 1_800_000_000_500 })
}

/** Keys in the environment, seen beside the stores. */
async function keys({ dataDir }: Rig): Promise<string[]> {
  const { open } = await import('lmdb')
  const path = join(dataDir, 'captchas-lmdb')
  const environment = open<unknown, string>({ path, encoding: 'string', noSync: true, mapSize: 2 ** 30 })
  const found = [...environment.getKeys()]
  await environment.close()
  return found
}

const missing = await withRig(lmdb, {}, async (rig) => void (await rig.open(0))).catch(missingLibrary)

describe.skipIf(missing !== undefined)('lmdb', () => {
  test('reads what another worker did in the same turn of the event loop', () =>
    withRig(lmdb, {}, async (rig) => {
      const host = await lmdb.host?.({
        dataDir: rig.dataDir,
        workers: 2,
        topology: 'processes',
        secret: new Uint8Array(32),
        services: {},
        fleetHost: '127.0.0.1',
      })
      const say = (...message: readonly unknown[]) => host?.handle?.(message, 0) as string | undefined
      const first = say('issue', 'FIRST', minute)
      expect(say('read', first)).toBe('FIRST')
      const second = say('issue', 'SECOND', minute)
      expect(say('read', second)).toBe('SECOND')
      expect([say('take', second), say('read', second), say('take', second)]).toEqual([
        'SECOND',
        undefined,
        undefined,
      ])
      await host?.close()
    }))

  test('leaves the environment to the primary: a worker that opens it endangers what others write', () =>
    withRig(lmdb, {}, async ({ dataDir }) => {
      const asked: unknown[] = []
      const store = await lmdb.open({
        dataDir,
        workerId: 0,
        workers: 1,
        secret: new Uint8Array(32),
        services: {},
        handoff: null,
        call: async (message) => void asked.push(message),
      })
      expect(await store.take('id')).toBeUndefined()
      await store.close()
      expect(asked).toEqual([['take', 'id']])
      expect(readdirSync(dataDir)).toEqual([])
    }))

  test('removes the entry with the take that wins', () =>
    withRig(lmdb, {}, async (rig) => {
      const [store, other] = await rig.pair()
      const [id, kept] = [await store.issue('K7QX2M', minute), await store.issue('KEPT', minute)]
      expect([await other.take(id), await store.take(id)]).toEqual(['K7QX2M', undefined])
      expect(await keys(rig)).toEqual([kept])
    }))

  test('sweeps thousands, in order of their end, and keeps what lives', () =>
    withRig(lmdb, {}, async (rig) => {
      holdTime()
      const [store] = await rig.pair()
      const living = [await store.issue('K7QX2M', minute), await store.issue('W3RT9P', 3_600_000)]
      for (let index = 0; index < 2_500; index += 1) await store.issue('BRIEF', 500)
      vi.advanceTimersByTime(1_000)
      await vi.waitFor(async () => expect(await keys(rig)).toEqual(living))
      expect(await store.take(living[0] ?? '')).toBe('K7QX2M')
    }))

  test('leaves an expired entry to the sweep, and says undefined before it', () =>
    withRig(lmdb, {}, async (rig) => {
      holdTime()
      const [store, other] = await rig.pair()
      const id = await store.issue('K7QX2M', 100)
      vi.setSystemTime(Date.now() + 100)
      expect([await store.read(id), await other.take(id)]).toEqual([undefined, undefined])
      expect(await keys(rig)).toEqual([id])
    }))

  test('looks up nothing that has not the shape of an id, nor one whose end was changed', () =>
    withRig(lmdb, {}, async (rig) => {
      const [store] = await rig.pair()
      const id = await store.issue('K7QX2M', minute)
      const longer = `z${id.slice(1)}`
      for (const text of [
        '',
        id.slice(0, 9),
        `${id}A`,
        id.replace('-', '_'),
        id.toUpperCase(),
        longer,
        'A'.repeat(512),
      ])
        expect([await store.read(text), await store.take(text)]).toEqual([undefined, undefined])
      expect(await store.take(id)).toBe('K7QX2M')
    }))

  test('is an error when it is full, and goes on when there is room', () =>
    withRig(createLmdb(1_000), {}, async (rig) => {
      const [store] = await rig.pair()
      const ids: string[] = []
      for (let index = 0; index < 1_000; index += 1) ids.push(await store.issue(`ANSWER ${index}`, minute))
      for (let times = 0; times < 3; times += 1)
        await expect(store.issue('ONE TOO MANY', minute)).rejects.toThrow(/is full/)
      expect(await store.take(ids[0] ?? '')).toBe('ANSWER 0')
      ids[0] = await store.issue('IN ITS PLACE', minute)
      await expect(store.issue('ONE TOO MANY', minute)).rejects.toThrow(/is full/)
      expect((await keys(rig)).length).toBe(1_000)
      expect(await store.read(ids[999] ?? '')).toBe('ANSWER 999')
    }))

  test('uses its room again: a file that has held ten thousand does not grow with the next', () =>
    withRig(lmdb, {}, async (rig) => {
      const [store] = await rig.pair()
      const path = join(rig.dataDir, 'captchas-lmdb', 'data.mdb')
      async function round(): Promise<number> {
        const ids: string[] = []
        for (let index = 0; index < 10_000; index += 1) ids.push(await store.issue('K7QX2M', minute))
        for (const id of ids) await store.take(id)
        return statSync(path).size
      }
      const first = await round()
      expect(await round()).toBeLessThan(first * 1.5)
    }))

  const first = Buffer.alloc(8_192)
  first.writeUInt32LE(0xbe_ef_c0_de, 24)
  first.writeUInt32LE(4_096, 48)
  for (const [what, content] of [
    ['something else', 'something else, and long enough to be looked at. '.repeat(400)],
    ['nothing', ''],
    ['a first page and no second', first],
    ['half of a first page', first.subarray(0, 40)],
  ] as const) {
    test(`does not start on a file that holds ${what}, and leaves it`, () =>
      withRig(lmdb, {}, async (rig) => {
        const path = join(rig.dataDir, 'captchas-lmdb', 'data.mdb')
        mkdirSync(dirname(path))
        writeFileSync(path, content)
        await expect(rig.open(0)).rejects.toThrow(/expected an LMDB environment/)
        expect(readFileSync(path)).toEqual(Buffer.from(content))
      }))
  }
})
