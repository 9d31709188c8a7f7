import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { missingLibrary, withRig } from '../conformance.js'
import directory from '../strategies/directory.js'
import hybrid from '../strategies/hybrid.js'
import { createExpiringMap } from '../strategies/memory.js'
import sqlite from '../strategies/sqlite.js'

const minute = 60_000

afterEach(() => void vi.useRealTimers())

/** Time stands still until a test moves it, for expiry and sweeping alone: files and promises go on. */
function holdTime(): void {
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'], now: 1_800_000_000_500 })
}

describe('createExpiringMap', () => {
  test('knows an answer until its end, and not a millisecond longer', () => {
    holdTime()
    const map = createExpiringMap()
    map.set('id', 'K7QX2M', 500)
    vi.setSystemTime(Date.now() + 499)
    expect(map.get('id')).toBe('K7QX2M')
    vi.setSystemTime(Date.now() + 1)
    expect([map.get('id'), map.take('id')]).toEqual([undefined, undefined])
    map.close()
  })

  test('forgets what was taken', () => {
    const map = createExpiringMap()
    map.set('id', 'K7QX2M', minute)
    expect([map.take('id'), map.take('id'), map.get('id'), map.size]).toEqual([
      'K7QX2M',
      undefined,
      undefined,
      0,
    ])
    map.close()
  })

  test('sweeps what has expired within a second and keeps what lives', () => {
    holdTime()
    const map = createExpiringMap()
    for (let index = 0; index < 100; index += 1) map.set(`old-${index}`, 'OLD', 900)
    vi.advanceTimersByTime(500)
    map.set('new', 'NEW', 900)
    vi.advanceTimersByTime(500)
    expect([map.size, map.get('new')]).toEqual([1, 'NEW'])
    vi.advanceTimersByTime(1_000)
    expect(map.size).toBe(0)
    map.close()
  })

  test('leaves no timer after close', () => {
    holdTime()
    const map = createExpiringMap()
    expect(vi.getTimerCount()).toBe(1)
    map.close()
    expect(vi.getTimerCount()).toBe(0)
  })

  test('has no entries it was not given', () => {
    const map = createExpiringMap()
    for (const id of ['constructor', '__proto__', '']) expect(map.get(id)).toBeUndefined()
    map.close()
  })
})

/** Every file and directory below, as paths. */
function treeOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true }).map(String).sort()
}

/** The path of the one file that ends in the random half of the id. */
function fileOf(dataDir: string, id: string): string {
  const found = treeOf(dataDir).find((path) => path.endsWith(id.slice(id.indexOf('-') + 1)))
  return join(dataDir, found ?? 'no such file')
}

describe('directory', () => {
  for (const text of ['', '["K7QX', '{}', 'null', '["K7QX2M"]', '[7,7]']) {
    test(`throws for read and take when a file holds ${text || 'nothing'}, and leaves it`, () =>
      withRig(directory, {}, async (rig) => {
        const stores = await rig.pair()
        const id = await stores[0].issue('K7QX2M', minute)
        writeFileSync(fileOf(rig.dataDir, id), text)
        for (const store of stores) {
          expect(() => store.read(id)).toThrow()
          expect(() => store.take(id)).toThrow()
        }
        expect(readFileSync(fileOf(rig.dataDir, id), 'utf8')).toBe(text)
      }))
  }

  test('sweeps buckets away once their second is over, and no others', () =>
    withRig(directory, {}, async (rig) => {
      holdTime()
      const [store] = await rig.pair()
      for (let index = 0; index < 20; index += 1) await store.issue('BRIEF', 100 + index * 50)
      const living = await store.issue('K7QX2M', minute)
      vi.advanceTimersByTime(3_000)
      const [bucket] = living.split('-')
      await vi.waitFor(() => expect(readdirSync(join(rig.dataDir, 'captchas'))).toEqual([bucket]))
      expect(await store.take(living)).toBe('K7QX2M')
    }))

  test('issues into a bucket again after a sweep has removed it', () =>
    withRig(directory, {}, async (rig) => {
      holdTime()
      const [store] = await rig.pair()
      await store.issue('BRIEF', 100)
      vi.advanceTimersByTime(3_000)
      await vi.waitFor(() => expect(readdirSync(join(rig.dataDir, 'captchas'))).toEqual([]))
      const id = await store.issue('K7QX2M', 100)
      expect(await store.read(id)).toBe('K7QX2M')
    }))

  const sparesIn = (dataDir: string) => treeOf(join(dataDir, 'spares')).filter((path) => path.includes('/'))

  test('makes the file of a captcha that was taken into that of the next', () =>
    withRig(directory, {}, async (rig) => {
      const [store, other] = await rig.pair()
      const first = await store.issue('K7QX2M', minute)
      const { ino } = statSync(fileOf(rig.dataDir, first))
      expect([store.take(first), other.take(first), sparesIn(rig.dataDir).length]).toEqual([
        'K7QX2M',
        undefined,
        1,
      ])
      const second = await store.issue('W3', minute)
      expect(statSync(fileOf(rig.dataDir, second)).ino).toBe(ino)
      expect([other.read(second), other.take(second), store.read(second)]).toEqual(['W3', 'W3', undefined])
    }))

  test('keeps no spare of another length, and no more than it needs', () =>
    withRig(directory, {}, async (rig) => {
      const [store] = await rig.pair()
      const long = 'Ä'.repeat(60)
      expect(store.take(await store.issue(long, minute))).toBe(long)
      expect(sparesIn(rig.dataDir)).toEqual([])
      const ids = await Promise.all(Array.from({ length: 300 }, () => store.issue('K7QX2M', minute)))
      for (const id of ids) expect(store.take(id)).toBe('K7QX2M')
      expect(sparesIn(rig.dataDir)).toHaveLength(256)
    }))

  test('lets spares go that nobody has asked for in seconds', () =>
    withRig(directory, {}, async (rig) => {
      holdTime()
      const [store] = await rig.pair()
      const ids = await Promise.all(Array.from({ length: 30 }, () => store.issue('K7QX2M', minute)))
      for (const id of ids) store.take(id)
      const used = [await store.issue('K7QX2M', minute), await store.issue('K7QX2M', minute)]
      expect(sparesIn(rig.dataDir)).toHaveLength(28)
      vi.advanceTimersByTime(2_000)
      expect(sparesIn(rig.dataDir)).toHaveLength(28)
      vi.advanceTimersByTime(2_000)
      expect(sparesIn(rig.dataDir)).toEqual([])
      expect(used.map((id) => store.take(id))).toEqual(['K7QX2M', 'K7QX2M'])
    }))

  test('removes the spares of a process that has ended, and goes on without its own', () =>
    withRig(directory, {}, async (rig) => {
      const ended = spawnSync(process.execPath, ['-e', '']).pid
      mkdirSync(join(rig.dataDir, 'spares', `${ended}-0123456789ab`), { recursive: true })
      writeFileSync(join(rig.dataDir, 'spares', `${ended}-0123456789ab`, '0'), 'left behind')
      const store = await rig.open(0)
      expect(sparesIn(rig.dataDir)).toEqual([])
      for (const id of [await store.issue('K7QX2M', minute), await store.issue('K7QX2M', minute)])
        expect(store.take(id)).toBe('K7QX2M')
      rmSync(join(rig.dataDir, 'spares'), { recursive: true })
      const ids = [await store.issue('K7QX2M', minute), await store.issue('W3RT9P', minute)]
      expect(ids.map((id) => store.take(id))).toEqual(['K7QX2M', 'W3RT9P'])
      expect(ids.map((id) => store.take(id))).toEqual([undefined, undefined])
    }))

  test('never leaves its directory, whatever the id', () =>
    withRig(directory, {}, async (rig) => {
      const [store] = await rig.pair()
      await store.issue('K7QX2M', minute)
      writeFileSync(join(rig.dataDir, 'outside'), JSON.stringify(['STOLEN', Date.now() + minute]))
      const before = treeOf(rig.dataDir)
      const name = 'A'.repeat(24)
      const hostile = fc.oneof(
        fc.string({ maxLength: 60 }),
        fc.constantFrom(
          '../outside',
          '..',
          '.',
          '/',
          '',
          '../captchas',
          `../-${name}`,
          `zzzzzz-../../outside`,
        ),
        fc.string({ unit: fc.constantFrom('.', '/', '-', 'a', '\0', '\n', '\\'), maxLength: 40 }),
        fc.string({ maxLength: 12 }).map((bucket) => `${bucket}-${name}`),
      )
      const property = fc.property(hostile, (id) => {
        expect(store.read(id)).toBeUndefined()
        expect(store.take(id)).toBeUndefined()
      })
      fc.assert(property, { seed: 20_260, numRuns: 500 })
      expect(treeOf(rig.dataDir)).toEqual(before)
    }))

  test('throws when a captcha cannot be written', () =>
    withRig(directory, {}, async (rig) => {
      writeFileSync(join(rig.dataDir, 'captchas'), 'a file where the directory should be')
      await expect(rig.open(0)).rejects.toThrow(/EEXIST|ENOTDIR/)
    }))
})

describe('hybrid', () => {
  test('may read a captcha another worker has taken, and never takes it', () =>
    withRig(hybrid, {}, async (rig) => {
      const [issuer, taker] = await rig.pair()
      const id = await issuer.issue('K7QX2M', minute)
      expect(await taker.take(id)).toBe('K7QX2M')
      expect(['K7QX2M', undefined]).toContain(await issuer.read(id))
      expect(await issuer.take(id)).toBeUndefined()
      expect(await issuer.read(id)).toBeUndefined()
    }))

  test('throws for a take whose file is torn, though memory knows the answer', () =>
    withRig(hybrid, {}, async (rig) => {
      const store = await rig.open(0)
      const id = await store.issue('K7QX2M', minute)
      writeFileSync(fileOf(rig.dataDir, id), '["K7')
      await expect((async () => store.take(id))()).rejects.toThrow()
    }))
})

/** Looks into the database beside the stores. */
async function query(dataDir: string, sql: string): Promise<unknown> {
  const { default: Database } = await import('better-sqlite3')
  const database = new Database(join(dataDir, 'captchas.sqlite'), { readonly: true })
  try {
    return database.prepare(sql).pluck().get()
  } finally {
    database.close()
  }
}

const sqliteMissing = await withRig(sqlite, {}, async (rig) => void (await rig.open(0))).catch(missingLibrary)

describe.skipIf(sqliteMissing !== undefined)('sqlite', () => {
  test('keeps one sound database in WAL mode under two writers', () =>
    withRig(sqlite, {}, async (rig) => {
      const stores = await rig.pair()
      for (let round = 0; round < 100; round += 1) {
        const id = await stores[round % 2 ? 0 : 1].issue('K7QX2M', minute)
        if (round % 4) expect(await stores[0].take(id)).toBe('K7QX2M')
      }
      expect(await query(rig.dataDir, 'PRAGMA integrity_check')).toBe('ok')
      expect(await query(rig.dataDir, 'PRAGMA journal_mode')).toBe('wal')
      expect(await query(rig.dataDir, 'SELECT count(*) FROM captchas')).toBe(25)
    }))

  test('removes the row with the take that wins, and leaves an expired row to the sweep', () =>
    withRig(sqlite, {}, async (rig) => {
      holdTime()
      const [store, other] = await rig.pair()
      const [id, late] = [await store.issue('K7QX2M', minute), await store.issue('LATE', 100)]
      expect([await other.take(id), await store.take(id)]).toEqual(['K7QX2M', undefined])
      vi.setSystemTime(Date.now() + 100)
      expect([await other.take(late), await store.read(late)]).toEqual([undefined, undefined])
      expect(await query(rig.dataDir, "SELECT answer FROM captchas WHERE answer = 'LATE'")).toBe('LATE')
      vi.advanceTimersByTime(1_000)
      expect(await query(rig.dataDir, 'SELECT count(*) FROM captchas')).toBe(0)
    }))

  test('sweeps thousands in a few seconds and keeps what lives', () =>
    withRig(sqlite, {}, async (rig) => {
      holdTime()
      const [store] = await rig.pair()
      for (let index = 0; index < 2_500; index += 1) await store.issue('BRIEF', 500)
      const id = await store.issue('K7QX2M', minute)
      vi.advanceTimersByTime(3_000)
      expect(await query(rig.dataDir, 'SELECT count(*) FROM captchas')).toBe(1)
      expect(await store.take(id)).toBe('K7QX2M')
    }))

  test('throws when the file is no database, and leaves it', () =>
    withRig(sqlite, {}, async (rig) => {
      const path = join(rig.dataDir, 'captchas.sqlite')
      const text = 'something else, and long enough to be looked at. '.repeat(40)
      writeFileSync(path, text)
      await expect(rig.open(0)).rejects.toThrow(/not a database/)
      expect(readFileSync(path, 'utf8')).toBe(text)
    }))
})
