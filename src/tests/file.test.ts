import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { withRig } from '../conformance.js'
import file from '../strategies/file.js'
import type { CaptchaStore } from '../strategy.js'

const minute = 60_000

/** What happens between a temporary file's last byte and its flush: where another worker's commit can come in between. */
const disk = vi.hoisted(() => ({ beforeFlush: (): void => undefined }))

vi.mock('node:fs', async (importOriginal) => {
  const original = await importOriginal<typeof import('node:fs')>()
  const fsync = (descriptor: number, done: (error: Error | null) => void): void => {
    disk.beforeFlush()
    original.fsync(descriptor, done)
  }
  return { ...original, fsync }
})

function beforeNextFlush(act: () => void): void {
  disk.beforeFlush = () => {
    disk.beforeFlush = () => undefined
    act()
  }
}

afterEach(() => {
  disk.beforeFlush = () => undefined
})

function pathIn(dataDir: string): string {
  return join(dataDir, 'file', 'captchas.json')
}

function contentsIn(dataDir: string): { generation: number; captchas: Record<string, [string, number]> } {
  return JSON.parse(readFileSync(pathIn(dataDir), 'utf8'))
}

async function expectAllVerbsToThrow(store: CaptchaStore, id: string): Promise<void> {
  await expect((async () => store.read(id))()).rejects.toThrow()
  await expect((async () => store.take(id))()).rejects.toThrow()
  await expect((async () => store.issue('NEW', minute))()).rejects.toThrow()
}

const corruptions: Readonly<Record<string, string>> = {
  'is empty': '',
  'is torn': '{"generation":7,"captchas":{"a":["K7Q',
  'is torn in its head': '{"generat',
  'holds something else': '[]',
  'has no captchas': '{"generation":7,"captchas":null}',
  'has no generation': '{"captchas":{}}',
}

describe('a store file that is not what we wrote', () => {
  afterEach(() => void vi.useRealTimers())

  for (const [what, text] of Object.entries(corruptions)) {
    test(`throws for read, take and issue when it ${what}, and stays as it is`, () =>
      withRig(file, {}, async (rig) => {
        const store = await rig.open(0)
        const id = await store.issue('K7QX2M', minute)
        writeFileSync(pathIn(rig.dataDir), text)
        await expectAllVerbsToThrow(store, id)
        expect(readFileSync(pathIn(rig.dataDir), 'utf8')).toBe(text)
      }))

    test(`keeps a worker and its primary from starting over it when it ${what}`, () =>
      withRig(file, {}, async (rig) => {
        await (await rig.open(0)).issue('K7QX2M', minute)
        await rig.close()
        writeFileSync(pathIn(rig.dataDir), text)
        await expect(rig.open(0)).rejects.toThrow()
        expect(readFileSync(pathIn(rig.dataDir), 'utf8')).toBe(text)
      }))
  }

  test('throws when it is gone while the store is open, and does not come back empty', () =>
    withRig(file, {}, async (rig) => {
      const store = await rig.open(0)
      const id = await store.issue('K7QX2M', minute)
      rmSync(pathIn(rig.dataDir))
      await expectAllVerbsToThrow(store, id)
      expect(readdirSync(join(rig.dataDir, 'file')).filter((name) => !name.endsWith('.lock'))).toEqual([])
    }))

  test('works again once the file is restored', () =>
    withRig(file, {}, async (rig) => {
      const store = await rig.open(0)
      const id = await store.issue('K7QX2M', minute)
      const text = readFileSync(pathIn(rig.dataDir))
      writeFileSync(pathIn(rig.dataDir), '')
      await expectAllVerbsToThrow(store, id)
      writeFileSync(pathIn(rig.dataDir), text)
      expect(await store.take(id)).toBe('K7QX2M')
    }))

  test('does not crash the worker that sweeps', () =>
    withRig(file, {}, async (rig) => {
      vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
      await rig.open(0)
      writeFileSync(pathIn(rig.dataDir), '')
      expect(() => vi.advanceTimersByTime(1_000)).not.toThrow()
    }))
})

describe('commits', () => {
  test('of two interleaved stores are all on disk', () =>
    withRig(file, {}, async (rig) => {
      const stores = await rig.pair()
      const issued = Array.from({ length: 60 }, (_, index) => stores[index % 2 ? 0 : 1].issue('A', minute))
      const ids = await Promise.all(issued)
      expect(Object.keys(contentsIn(rig.dataDir).captchas).sort()).toEqual([...ids].sort())
    }))

  test('go together: what one turn asks for is one generation', () =>
    withRig(file, {}, async (rig) => {
      const store = await rig.open(0)
      const before = contentsIn(rig.dataDir).generation
      await Promise.all(Array.from({ length: 50 }, () => store.issue('A', minute)))
      expect(contentsIn(rig.dataDir).generation).toBe(before + 1)
    }))

  test('drop what has expired', () =>
    withRig(file, {}, async (rig) => {
      const store = await rig.open(0)
      const brief = await store.issue('BRIEF', 1)
      await new Promise((resolve) => setTimeout(resolve, 5))
      const id = await store.issue('K7QX2M', minute)
      expect(Object.keys(contentsIn(rig.dataDir).captchas)).toEqual([id])
      expect(id).not.toBe(brief)
    }))

  test('leave neither temporary files nor locks', () =>
    withRig(file, {}, async (rig) => {
      const stores = await rig.pair()
      const ids = await Promise.all(stores.map((store) => store.issue('K7QX2M', minute)))
      // Not awaited: close has to wait for it.
      const takes = ids.map((id, index) => stores[index ? 0 : 1].take(id))
      await rig.close()
      expect(await Promise.all(takes)).toEqual(['K7QX2M', 'K7QX2M'])
      expect(readdirSync(join(rig.dataDir, 'file'))).toEqual(['captchas.json'])
    }))

  test('remove the temporary file a killed worker left behind', () =>
    withRig(file, {}, async (rig) => {
      const store = await rig.open(0)
      writeFileSync(join(rig.dataDir, 'file', 'left-behind.tmp'), '{"generation":9')
      await store.issue('K7QX2M', minute)
      expect(readdirSync(join(rig.dataDir, 'file'))).toEqual(['captchas.json'])
    }))
})

describe('the fence', () => {
  test('does not lose what another worker commits between a commit and its rename', () =>
    withRig(file, {}, async (rig) => {
      const store = await rig.open(0)
      const earlier = await store.issue('EARLIER', minute)
      beforeNextFlush(() => commitForeign(rig.dataDir))
      const later = await store.issue('LATER', minute)
      expect(await store.read('foreign')).toBe('FOREIGN')
      expect(await store.read(earlier)).toBe('EARLIER')
      expect(await store.read(later)).toBe('LATER')
    }))

  test('does not give away twice what another worker takes between a commit and its rename', () =>
    withRig(file, {}, async (rig) => {
      const store = await rig.open(0)
      const id = await store.issue('K7QX2M', minute)
      beforeNextFlush(() => commitForeign(rig.dataDir, id))
      expect(await store.take(id)).toBeUndefined()
    }))

  test('gives up, and says so, when others always commit first', () =>
    withRig(file, {}, async (rig) => {
      const store = await rig.open(0)
      disk.beforeFlush = () => commitForeign(rig.dataDir)
      await expect((async () => store.issue('K7QX2M', minute))()).rejects.toThrow(
        /expected to commit within \d+ tries/,
      )
      expect(Object.keys(contentsIn(rig.dataDir).captchas)).toEqual(['foreign'])
    }))

  test('holds when locks are stolen: nothing is lost, nothing is taken twice', () =>
    withRig(file, {}, async (rig) => {
      const stores = await rig.pair()
      const thief = setInterval(
        () => rmSync(`${pathIn(rig.dataDir)}.lock`, { recursive: true, force: true }),
        3,
      )
      try {
        const ids = await hammer(stores)
        const taken = await Promise.all(ids.flatMap((id) => stores.map(async (store) => store.take(id))))
        expect(taken.filter((answer) => answer !== undefined)).toHaveLength(ids.length)
        expect(contentsIn(rig.dataDir).captchas).toEqual({})
      } finally {
        clearInterval(thief)
      }
    }))
})

/** Another worker's commit upon what is there now, all at once. */
function commitForeign(dataDir: string, without?: string): void {
  const { generation, captchas } = contentsIn(dataDir)
  if (without !== undefined) delete captchas[without]
  captchas.foreign = ['FOREIGN', Date.now() + minute]
  const path = join(dataDir, 'foreign.json')
  writeFileSync(path, JSON.stringify({ generation: generation + 1, captchas }))
  renameSync(path, pathIn(dataDir))
}

/** Issues in both stores at once, thirty times one after another; every captcha is found by both in the end. */
async function hammer(stores: readonly CaptchaStore[]): Promise<string[]> {
  const ids: string[] = []
  const worker = async (store: CaptchaStore): Promise<void> => {
    for (let count = 0; count < 30; count += 1) ids.push(await store.issue('K7QX2M', minute))
  }
  await Promise.all(stores.map(worker))
  for (const id of ids) for (const store of stores) expect(await store.read(id)).toBe('K7QX2M')
  return ids
}
