import { randomBytes } from 'node:crypto'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { missingLibrary, type Rig, withRig } from '../conformance.js'
import token, { createSealer, tokenName } from '../strategies/token.js'
import tokenSqlite from '../strategies/token-sqlite.js'
import { idPattern } from '../strategy.js'

const minute = 60_000
const secret = Buffer.alloc(32, 7)

afterEach(() => void vi.useRealTimers())

/** Time stands still until a test moves it. */
function holdTime(): void {
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'], now: 1_800_000_000_500 })
}

/** Texts that decode to the bytes of an id, and are not it. */
function otherSpellings(id: string): string[] {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const spare = [...alphabet].map((character) => `${id.slice(0, -1)}${character}`)
  const texts = [...spare, `${id}=`, `${id}==`, `${id}A`, ` ${id}`, `${id}\n`, id.replaceAll('_', '/')]
  const bytes = Buffer.from(id, 'base64url')
  return texts.filter((text) => text !== id && Buffer.from(text, 'base64url').equals(bytes))
}

describe('createSealer', () => {
  const { seal, open } = createSealer(secret)

  test('opens what it sealed, whatever the answer', () => {
    holdTime()
    const property = fc.property(
      fc.string({ unit: 'grapheme', maxLength: 20 }),
      fc.integer({ min: 1, max: 86_400_000 }),
      (answer, ttlMs) => {
        const id = seal(answer, ttlMs)
        expect(id).toMatch(idPattern)
        expect(open(id)).toEqual({ answer, expiresAt: Date.now() + ttlMs })
      },
    )
    fc.assert(property, { seed: 20_260, numRuns: 300 })
  })

  test('takes any one flipped bit for a token nobody sealed', () => {
    const id = seal('K7QX2M', minute)
    const bytes = Buffer.from(id, 'base64url')
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const altered = Buffer.from(bytes)
      altered.writeUInt8(altered.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      expect(open(altered.toString('base64url'))).toBeUndefined()
    }
    expect(open(id)).toBeDefined()
  })

  test('takes pieces of tokens, and two put together, for none', () => {
    const [id, other] = [seal('K7QX2M', minute), seal('W3RT9P', minute)]
    for (let length = 0; length < id.length; length += 1) {
      expect(open(id.slice(0, length))).toBeUndefined()
      expect(open(id.slice(length + 1))).toBeUndefined()
      const spliced = `${id.slice(0, length)}${other.slice(length)}`
      // Two tokens may happen to begin alike, or to end.
      if (![id, other].includes(spliced)) expect(open(spliced)).toBeUndefined()
    }
  })

  test('knows one spelling of each token', () => {
    for (const answer of ['', 'A', 'AB', 'ABC']) {
      const id = seal(answer, minute)
      const others = otherSpellings(id)
      expect(others.length).toBeGreaterThan(0)
      for (const other of others) expect(open(other)).toBeUndefined()
    }
  })

  test('opens nothing that was sealed under another secret', () => {
    const stranger = createSealer(Buffer.alloc(32, 8))
    expect(stranger.open(seal('K7QX2M', minute))).toBeUndefined()
    expect(createSealer(Buffer.from(secret)).open(seal('K7QX2M', minute))?.answer).toBe('K7QX2M')
  })

  test('is good until its end, and not a millisecond longer', () => {
    holdTime()
    const id = seal('K7QX2M', 500)
    vi.setSystemTime(Date.now() + 499)
    expect(open(id)?.answer).toBe('K7QX2M')
    vi.setSystemTime(Date.now() + 1)
    expect(open(id)).toBeUndefined()
  })

  test('shows neither the answer nor, twice, the same text', () => {
    const ids = Array.from({ length: 1_000 }, () => seal('K7QX2M', minute))
    expect(new Set(ids.map(tokenName)).size).toBe(ids.length)
    for (const id of ids) expect(Buffer.from(id, 'base64url').includes('K7QX2M')).toBe(false)
  })

  test('throws when the answer does not fit into an id', () => {
    expect(seal('W'.repeat(350), minute)).toMatch(idPattern)
    expect(() => seal('W'.repeat(351), minute)).toThrow(/fits into an id of 512 characters/)
  })
})

describe('tokenName', () => {
  test('is the iv, and nothing else', () => {
    const id = createSealer(secret).seal('K7QX2M', minute)
    expect(Buffer.from(tokenName(id), 'base64url')).toEqual(Buffer.from(id, 'base64url').subarray(0, 12))
  })
})

describe('token', () => {
  test('can be replayed until it expires, which is what it is shown for', () =>
    withRig(token, {}, async (rig) => {
      const [store, other] = await rig.pair()
      const id = await store.issue('K7QX2M', minute)
      for (const taker of [store, other, store]) expect(await taker.take(id)).toBe('K7QX2M')
      expect(token.exhibit).toMatch(/again/)
    }))
})

async function withDatabase<T>(
  { dataDir }: Rig,
  use: (database: import('better-sqlite3').Database) => T,
): Promise<T> {
  const { default: Database } = await import('better-sqlite3')
  const database = new Database(join(dataDir, 'used-tokens.sqlite'))
  try {
    return use(database)
  } finally {
    database.close()
  }
}

const count = (rig: Rig) =>
  withDatabase(rig, (database) => database.prepare('SELECT count(*) FROM used').pluck().get())

const missing = await withRig(tokenSqlite, {}, async (rig) => void (await rig.open(0))).catch(missingLibrary)

describe.skipIf(missing !== undefined)('token-sqlite', () => {
  test('remembers a token once it is taken, and nothing before', () =>
    withRig(tokenSqlite, {}, async (rig) => {
      const [store, other] = await rig.pair()
      const ids = await Promise.all(Array.from({ length: 50 }, () => store.issue('K7QX2M', minute)))
      expect(await count(rig)).toBe(0)
      for (const id of ids)
        expect([await other.take(id), await store.take(id)]).toEqual(['K7QX2M', undefined])
      expect(await count(rig)).toBe(50)
      const unknown = randomBytes(60).toString('base64url')
      expect([await store.read(unknown), await store.take(unknown)]).toEqual([undefined, undefined])
      expect(await count(rig)).toBe(50)
    }))

  test('refuses a replay under every other spelling', () =>
    withRig(tokenSqlite, {}, async (rig) => {
      const [store, other] = await rig.pair()
      for (const answer of ['', 'A', 'AB', 'ABC']) {
        const id = await store.issue(answer, minute)
        expect(await store.take(id)).toBe(answer)
        for (const spelling of otherSpellings(id))
          for (const taker of [store, other]) expect(await taker.take(spelling)).toBeUndefined()
      }
    }))

  test('prunes tokens as they expire, and keeps every one that lives', () =>
    withRig(tokenSqlite, {}, async (rig) => {
      holdTime()
      const [store, other] = await rig.pair()
      for (let index = 0; index < 2_500; index += 1) await store.take(await store.issue('BRIEF', 500))
      const id = await store.issue('K7QX2M', minute)
      await other.take(id)
      expect(await count(rig)).toBe(2_501)
      vi.advanceTimersByTime(3_000)
      expect(await count(rig)).toBe(1)
      vi.setSystemTime(1_800_000_000_500 + minute - 1)
      expect([await store.take(id), await other.take(id), await store.read(id)]).toEqual([
        undefined,
        undefined,
        undefined,
      ])
    }))

  test('accepts nothing again when a clock goes back behind what was pruned', () =>
    withRig(tokenSqlite, {}, async (rig) => {
      holdTime()
      const [store, other] = await rig.pair()
      const [taken, never] = [await store.issue('K7QX2M', 500), await store.issue('W3RT9P', 500)]
      const later = await store.issue('LATER', minute)
      expect(await store.take(taken)).toBe('K7QX2M')
      vi.advanceTimersByTime(2_000)
      expect(await count(rig)).toBe(0)
      vi.setSystemTime(1_800_000_000_500)
      for (const id of [taken, never])
        for (const taker of [store, other]) expect(await taker.take(id)).toBeUndefined()
      expect(await other.take(later)).toBe('LATER')
    }))

  test('voids its tokens when the used-set is lost, rather than forget that they were used', () =>
    withRig(tokenSqlite, {}, async (rig) => {
      const [store] = await rig.pair()
      const [taken, open] = [await store.issue('K7QX2M', minute), await store.issue('W3RT9P', minute)]
      await store.take(taken)
      await rig.close()
      for (const end of ['', '-wal', '-shm'])
        rmSync(join(rig.dataDir, `used-tokens.sqlite${end}`), { force: true })
      const again = await rig.open(0)
      for (const id of [taken, open])
        expect([await again.read(id), await again.take(id)]).toEqual([undefined, undefined])
    }))

  test('is not opened by a bare token of the same secret', () =>
    withRig(tokenSqlite, {}, async (rig) => {
      const id = await (await rig.open(0)).issue('K7QX2M', minute)
      await withRig(token, {}, async (bare) => {
        const store = await bare.open(0)
        expect(await store.take(id)).toBeUndefined()
        expect(await (await rig.open(1)).take(await store.issue('K7QX2M', minute))).toBeUndefined()
      })
      expect(await (await rig.open(0)).take(id)).toBe('K7QX2M')
    }))

  test('throws for read and take when the used-set is damaged', () =>
    withRig(tokenSqlite, {}, async (rig) => {
      const store = await rig.open(0)
      const id = await store.issue('K7QX2M', minute)
      await withDatabase(rig, (database) => database.exec('DROP TABLE used'))
      expect(() => store.read(id)).toThrow(/no such table/)
      expect(() => store.take(id)).toThrow(/no such table/)
    }))

  test('does not start on a file that is no database', () =>
    withRig(tokenSqlite, {}, async (rig) => {
      writeFileSync(
        join(rig.dataDir, 'used-tokens.sqlite'),
        'something else, long enough to be looked at. '.repeat(40),
      )
      await expect(rig.open(0)).rejects.toThrow(/not a database/)
    }))
})
