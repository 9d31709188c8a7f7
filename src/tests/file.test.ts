import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { withRig } from '../conformance.js'
import file from '../strategies/file.js'
import type { CaptchaStore } from '../strategy.js'

const minute = 60_000

/** What happens before the flush of a temporary file, where another server may commit. */
const disk = vi.hoisted(() => ({ beforeFlush: (): void => undefined }))

vi.mock('node:fs', async (importOriginal) => {
  const original = await importOriginal<typeof import('node:fs')>()
  const fdatasyncSync = (descriptor: number): void => {
    disk.beforeFlush()
    original.fdatasyncSync(descriptor)
  }
  return { ...original, fdatasyncSync }
})

function beforeNextFlush(act: () => void): void {
  disk.beforeFlush = () => {
    disk.beforeFlush = () => undefined
    act()
  }
}

function fail(): never {
  throw new Error('planted: ENOSPC')
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
  'holds nothing at all': 'null',
  'has no captchas': '{"generation":7,"captchas":null}',
  'has no generation': '{"captchas":{}}',
  'holds a captcha without an end': '{"generation":7,"captchas":{"a":["K7QX2M"]}}',
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

    test(`keeps a server from starting over it when it ${what}`, () =>
      withRig(file, {}, async (rig) => {
        await (await rig.open(0)).issue('K7QX2M', minute)
        await rig.close()
        writeFileSync(pathIn(rig.dataDir), text)
        await expect(rig.open(0)).rejects.toThrow(/captchas\.json: expected .* restore it/)
        expect(readFileSync(pathIn(rig.dataDir), 'utf8')).toBe(text)
      }))
  }

  test('throws when it is gone while the store is open, and does not come back empty', () =>
    withRig(file, {}, async (rig) => {
      const store = await rig.open(0)
      const id = await store.issue('K7QX2M', minute)
      rmSync(pathIn(rig.dataDir))
      await expectAllVerbsToThrow(store, id)
      expect(readdirSync(join(rig.dataDir, 'file'))).toEqual([])
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

  test('does not crash the primary that sweeps', () =>
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

  test('go together: what all workers ask for in one turn is one generation', () =>
    withRig(file, {}, async (rig) => {
      const stores = await rig.pair()
      const id = await stores[0].issue('TAKEN', minute)
      const before = contentsIn(rig.dataDir).generation
      const issues = Array.from({ length: 50 }, (_, index) => stores[index % 2 ? 0 : 1].issue('A', minute))
      const takes = await Promise.all(stores.map((store) => store.take(id)))
      const { generation, captchas } = contentsIn(rig.dataDir)
      expect(generation).toBe(before + 1)
      expect(Object.keys(captchas).sort()).toEqual((await Promise.all(issues)).sort())
      expect(takes.filter((answer) => answer !== undefined)).toEqual(['TAKEN'])
    }))

  test('that fail fail for all, and leave memory as the disk is', () =>
    withRig(file, {}, async (rig) => {
      const stores = await rig.pair()
      const id = await stores[0].issue('K7QX2M', minute)
      const before = contentsIn(rig.dataDir)
      beforeNextFlush(fail)
      const asked = [stores[0].issue('LOST', minute), ...stores.map((store) => store.take(id))]
      const outcomes = await Promise.allSettled(asked)
      expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected'])
      expect([contentsIn(rig.dataDir), await stores[1].read(id)]).toEqual([before, 'K7QX2M'])
      expect(readdirSync(join(rig.dataDir, 'file'))).toEqual(['captchas.json'])
      expect([await stores[1].take(id), await stores[0].take(id)]).toEqual(['K7QX2M', undefined])
    }))

  test('are read by a JSON parser, whatever the answers hold', () =>
    withRig(file, {}, async (rig) => {
      const store = await rig.open(0)
      const answers = ['"', '\\', '\n', '\u2028', '\ud800', '”é😀', '"],"x":["', '']
      const ids = await Promise.all(answers.map((answer) => store.issue(answer, minute)))
      const { captchas } = contentsIn(rig.dataDir)
      expect(ids.map((id) => captchas[id]?.[0])).toEqual(answers)
      await rig.close()
      const reopened = await rig.open(0)
      expect(await Promise.all(ids.map((id) => reopened.take(id)))).toEqual(answers)
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

  test('leave no temporary files, and are waited for by close', () =>
    withRig(file, {}, async (rig) => {
      const stores = await rig.pair()
      const ids = await Promise.all(stores.map((store) => store.issue('K7QX2M', minute)))
      // Not awaited: close has to wait for it.
      const takes = ids.map((id, index) => stores[index ? 0 : 1].take(id))
      await rig.close()
      expect(await Promise.all(takes)).toEqual(['K7QX2M', 'K7QX2M'])
      expect(readdirSync(join(rig.dataDir, 'file'))).toEqual(['captchas.json'])
    }))

  test('remove the temporary file a killed server left behind', () =>
    withRig(file, {}, async (rig) => {
      const store = await rig.open(0)
      writeFileSync(join(rig.dataDir, 'file', 'left-behind.tmp'), '{"generation":9')
      await store.issue('K7QX2M', minute)
      expect(readdirSync(join(rig.dataDir, 'file'))).toEqual(['captchas.json'])
    }))
})

describe('the fence', () => {
  test('does not lose what another server commits between a commit and its rename', () =>
    withRig(file, {}, async (rig) => {
      const store = await rig.open(0)
      const earlier = await store.issue('EARLIER', minute)
      beforeNextFlush(() => commitForeign(rig.dataDir))
      const later = await store.issue('LATER', minute)
      const all = await Promise.all(['foreign', earlier, later].map(store.read))
      expect(all).toEqual(['FOREIGN', 'EARLIER', 'LATER'])
    }))

  test('does not give away twice what another server takes between a commit and its rename', () =>
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
      const issued = Promise.resolve(store.issue('K7QX2M', minute))
      await expect(issued).rejects.toThrow(/expected to commit within \d+ tries/)
      expect(Object.keys(contentsIn(rig.dataDir).captchas)).toEqual(['foreign'])
    }))
})

/** Another server's commit upon what is there now, all at once. */
function commitForeign(dataDir: string, without?: string): void {
  const { generation, captchas } = contentsIn(dataDir)
  if (without !== undefined) delete captchas[without]
  captchas.foreign = ['FOREIGN', Date.now() + minute]
  const path = join(dataDir, 'foreign.json')
  writeFileSync(path, JSON.stringify({ generation: generation + 1, captchas }))
  renameSync(path, pathIn(dataDir))
}
