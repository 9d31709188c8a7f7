import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { type Rig, withRig } from '../conformance.js'
import { isOtherRunning, ownMark } from '../strategies/files/process-mark.js'
import { readJournal } from '../strategies/journal/lines.js'
import { createJournal } from '../strategies/journal.js'
import type { CaptchaStore } from '../strategy.js'

/** Where it is told when a process began. */
const hasProc = existsSync('/proc/self/stat')

const [minute, second] = [60_000, 1_000]

/** What becomes of a write and of a cut: as much of it as there is room for. */
const disk = vi.hoisted(() => ({ bytesLeft: Number.POSITIVE_INFINITY, cuts: true }))

vi.mock('node:fs', async (importOriginal) => {
  const original = await importOriginal<typeof import('node:fs')>()
  function writeSync(file: number, text: string, position: number): number {
    if (disk.bytesLeft <= 0) throw Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' })
    return original.writeSync(file, text.slice(0, disk.bytesLeft), position)
  }
  function ftruncateSync(file: number, length: number): void {
    if (!disk.cuts) throw new Error('EIO: i/o error')
    original.ftruncateSync(file, length)
  }
  return { ...original, writeSync, ftruncateSync }
})

afterEach(() => {
  Object.assign(disk, { bytesLeft: Number.POSITIVE_INFINITY, cuts: true })
  vi.useRealTimers()
})

/** Time stands still until a test moves it; ahead of the machine's, by which files are dated. */
function holdTime(): void {
  vi.useFakeTimers({ toFake: ['Date', 'setInterval', 'clearInterval'], now: Date.now() + minute })
}

/** Threads, so that no native module is needed. */
function withJournal(use: (rig: Rig) => Promise<void>, slots = 4_096): Promise<void> {
  return withRig(createJournal({ slots }), { topology: 'threads' }, use)
}

function folderOf({ dataDir }: Rig): string {
  return join(dataDir, 'journal')
}

function files(rig: Rig, owner = ''): string[] {
  return readdirSync(folderOf(rig))
    .filter((name) => name.startsWith(owner))
    .map((name) => join(folderOf(rig), name))
}

/** The file of worker 0, which is open. */
function fileOf(rig: Rig): string {
  const [path = 'no file of worker 0'] = files(rig, '0-')
  return path
}

/** All processes die: what a server leaves that nobody closed, in the folder of another. */
async function afterKill(rig: Rig, use: (rig: Rig) => Promise<void>): Promise<void> {
  const left = files(rig).map((path) => [path.slice(folderOf(rig).length), readFileSync(path)] as const)
  await withJournal(async (next) => {
    mkdirSync(folderOf(next))
    for (const [name, bytes] of left) writeFileSync(join(folderOf(next), name), bytes)
    await use(next)
  })
}

async function issueMany(store: CaptchaStore, count: number, ttlMs = minute): Promise<string[]> {
  return Promise.all(Array.from({ length: count }, (_, index) => store.issue(`ANSWER ${index}`, ttlMs)))
}

async function takeAll(store: CaptchaStore, ids: readonly string[]): Promise<(string | undefined)[]> {
  return Promise.all(ids.map((id) => store.take(id)))
}

async function refuses(act: () => unknown, message: RegExp): Promise<void> {
  await expect((async () => act())()).rejects.toThrow(message)
}

describe('a server that starts after all processes were killed', () => {
  test('knows what was issued, not what was taken or is over, and so do those after it', () =>
    withJournal(async (rig) => {
      const [store, other] = await rig.pair()
      const ids = await issueMany(store, 30)
      const brief = await store.issue('BRIEF', 20)
      expect(await takeAll(other, ids.slice(0, 10))).not.toContain(undefined)
      await new Promise((resolve) => setTimeout(resolve, 20))
      await afterKill(rig, async (second) => {
        const [again] = await second.pair()
        expect(await takeAll(again, [brief, ...ids.slice(0, 15)])).toEqual([
          ...Array(11).fill(undefined),
          ...[10, 11, 12, 13, 14].map((index) => `ANSWER ${index}`),
        ])
        await afterKill(second, async (third) => {
          const taken = await takeAll(await third.open(1), ids)
          expect(taken.map((answer) => answer !== undefined)).toEqual(ids.map((_, index) => index >= 15))
        })
      })
    }))

  test('gives every answer back verbatim', () =>
    withJournal(async (rig) => {
      const store = await rig.open(0)
      const answers = ['', ' "\\', 'line\nline\r\u2028end', '\ud800', '日本語', '\u0001'.repeat(108), '" 7 "']
      const ids = await Promise.all(answers.map((answer) => store.issue(answer, minute)))
      await afterKill(rig, async (next) => expect(await takeAll(await next.open(0), ids)).toEqual(answers))
    }))

  test('ignores a line that was not written to its end, wherever it was cut', () =>
    withJournal(async (rig) => {
      const store = await rig.open(0)
      const [id] = [await store.issue('K7QX2M', minute), await store.issue('日本語', minute)]
      const path = fileOf(rig)
      const whole = readFileSync(path)
      const first = whole.indexOf('\n') + 1
      for (let length = whole.length - 1; length >= first; length -= 1) {
        writeFileSync(path, whole.subarray(0, length))
        expect(readJournal(path)).toHaveLength(1)
      }
      await afterKill(rig, async (next) => expect(await (await next.open(0)).take(id)).toBe('K7QX2M'))
    }))

  const damages: Readonly<Record<string, (text: string) => string>> = {
    'a line in the middle that is cut short': (text) => text.replace('"\n', '\n'),
    'a take without its end': (text) => text.replace(/^-(\S+) \S+$/m, '-$1'),
    'an answer that is no JSON': (text) => text.replace('"ANSWER 1"', '"ANSWER\\"'),
    'nothing but garbage': (text) => '\0'.repeat(text.length),
    'garbage at its end': (text) => `${text}\0garbage`,
    'an empty line': (text) => `\n${text}`,
  }

  for (const [what, damage] of Object.entries(damages))
    test(`does not start over a file with ${what}, and leaves all files as they are`, () =>
      withJournal(async (rig) => {
        const [store, other] = await rig.pair()
        const ids = await issueMany(store, 3)
        await takeAll(store, ids.slice(2))
        await issueMany(other, 3)
        const path = fileOf(rig)
        const text = damage(readFileSync(path, 'utf8'))
        await afterKill(rig, async (next) => {
          const copy = join(folderOf(next), path.slice(folderOf(rig).length))
          writeFileSync(copy, text)
          const before = files(next)
          await refuses(() => next.open(0), /expected .* in line \d+, got something else; restore/)
          expect([files(next), readFileSync(copy, 'utf8')]).toEqual([before, text])
        })
      }))

  test('lets nothing live again when it was killed while it removed the files of the one before', () =>
    withJournal(async (rig) => {
      const [store, other] = await rig.pair()
      const ids = await issueMany(store, 10)
      await takeAll(other, ids.slice(0, 5))
      const issues = fileOf(rig)
      const text = readFileSync(issues)
      await afterKill(rig, async (second) => {
        await second.open(0)
        // The takes have been removed already, these issues have not.
        writeFileSync(join(folderOf(second), issues.slice(folderOf(rig).length)), text)
        writeFileSync(join(folderOf(second), 'left behind.log.tmp'), text)
        await afterKill(second, async (third) => {
          const taken = await takeAll(await third.open(0), ids)
          expect(taken.map((answer) => answer !== undefined)).toEqual(ids.map((_, index) => index >= 5))
          expect(files(third).filter((path) => path.endsWith('.tmp'))).toEqual([])
        })
      })
    }))

  test('believes the later of two captchas in one slot, whose first had ended by a clock that was ahead', () =>
    withJournal(async (rig) => {
      const startMs = Date.now()
      const store = await rig.open(0)
      const [early = ''] = await issueMany(store, 1)
      holdTime()
      vi.setSystemTime(startMs + 2 * minute)
      const [late = ''] = await issueMany(store, 1)
      vi.setSystemTime(startMs)
      await afterKill(rig, async (next) => {
        expect(await takeAll(await next.open(0), [early, late])).toEqual([undefined, 'ANSWER 0'])
        await afterKill(next, async (third) =>
          expect(await takeAll(await third.open(0), [early, late])).toEqual([undefined, undefined]),
        )
      })
    }, 1))

  test('does not believe a clock that was set back behind what is in the folder', () =>
    withJournal(async (rig) => {
      const [id = ''] = await issueMany(await rig.open(0), 1)
      await afterKill(rig, async (next) => {
        const [path = ''] = files(next)
        utimesSync(path, new Date(), new Date(Date.now() + 2 * minute))
        expect(await (await next.open(0)).take(id)).toBeUndefined()
      })
    }))

  test(
    'does not start while a process of the one before still runs',
    () =>
      withJournal(async (rig) => {
        await rig.open(0)
        await afterKill(rig, async (next) => {
          const [, start] = /^\d+ \(.*\) (?:\S+ ){19}(\d+)/.exec(statOf(process.ppid)) ?? []
          const path = join(folderOf(next), `3-${process.ppid}-${start}-0123456789ab.log`)
          writeFileSync(path, '')
          await refuses(() => next.open(0), /expected no other server at work on it, found process \d+ /)
          expect(existsSync(path)).toBe(true)
        })
      }),
    15_000,
  )
})

function statOf(pid: number): string {
  return readFileSync(`/proc/${pid}/stat`, 'latin1')
}

describe('the mark of a process', () => {
  test.skipIf(!hasProc)('is nobody else, and not of one that had the number before', () => {
    expect(isOtherRunning(ownMark())).toBe(false)
    expect(isOtherRunning(`${process.ppid}-0`)).toBe(true)
    expect(isOtherRunning(`${process.ppid}-1`)).toBe(false)
    expect(isOtherRunning('4194305-77')).toBe(false)
  })
})

describe('a medium that takes no more', () => {
  test.each([
    ['nothing', 0],
    ['half a line', 20],
  ])('fails issues and takes, taking %s, and everything works once there is room', (_what, bytes) =>
    withJournal(async (rig) => {
      const [store, other] = await rig.pair()
      const [first = '', second = ''] = await issueMany(store, 2)
      disk.bytesLeft = bytes
      await refuses(() => store.issue('LOST', minute), /ENOSPC|expected to write \d+ bytes, wrote 20/)
      await refuses(() => store.take(first), /ENOSPC|wrote 20/)
      expect([await store.read(first), await other.read(second)]).toEqual(['ANSWER 0', 'ANSWER 1'])
      disk.bytesLeft = Number.POSITIVE_INFINITY
      const third = await store.issue('K7QX2M', minute)
      expect(await store.take(first)).toBe('ANSWER 0')
      await afterKill(rig, async (next) =>
        expect(await takeAll(await next.open(0), [first, second, third])).toEqual([
          undefined,
          'ANSWER 1',
          'K7QX2M',
        ]),
      )
    }),
  )

  test('gives the slot of an issue that failed back', () =>
    withJournal(async (rig) => {
      const store = await rig.open(0)
      disk.bytesLeft = 0
      for (let round = 0; round < 9; round += 1) await refuses(() => store.issue('LOST', minute), /ENOSPC/)
      disk.bytesLeft = Number.POSITIVE_INFINITY
      expect(await issueMany(store, 4)).toHaveLength(4)
    }, 4))

  test('has another file go on where half a line could not be cut off', () =>
    withJournal(async (rig) => {
      const store = await rig.open(0)
      const [id = ''] = await issueMany(store, 1)
      Object.assign(disk, { bytesLeft: 20, cuts: false })
      await refuses(() => store.take(id), /wrote 20/)
      Object.assign(disk, { bytesLeft: Number.POSITIVE_INFINITY, cuts: true })
      const later = await issueMany(store, 2)
      expect(files(rig, '0-')).toHaveLength(2)
      await afterKill(rig, async (next) =>
        expect(await takeAll(await next.open(0), [id, ...later])).toEqual([
          'ANSWER 0',
          'ANSWER 0',
          'ANSWER 1',
        ]),
      )
    }))
})

describe('files', () => {
  test('are removed once all in them has ended, the current one emptied, takes and those of the primary included', () =>
    withJournal(async (rig) => {
      const [store] = await rig.pair()
      await issueMany(store, 1, minute + 5 * second)
      await rig.close()
      holdTime()
      const [again, other] = await rig.pair()
      const ids = await issueMany(again, 18_000, 10 * second)
      await takeAll(other, ids.slice(0, 5_000))
      expect(files(rig, '0-').length).toBeGreaterThan(1)
      vi.advanceTimersByTime(9 * second)
      expect(files(rig, '0-').length).toBeGreaterThan(1)
      vi.advanceTimersByTime(2 * second)
      expect(files(rig).map((path) => statSync(path).size)).toEqual([0, 0, 0])
    }, 32_768))

  test('of a worker that died are those of the one that takes over its number', () =>
    withJournal(async (rig) => {
      holdTime()
      const dead = await rig.open(0)
      const ids = await issueMany(dead, 3, 10 * second)
      const path = fileOf(rig)
      const left = join(folderOf(rig), `0-${process.pid}-7-0123456789ab.log`)
      writeFileSync(left, `${readFileSync(path, 'utf8')}-${ids[0]?.slice(0, 9)}`)
      const store = await rig.open(0)
      expect(await takeAll(store, ids.slice(0, 2))).toEqual(['ANSWER 0', 'ANSWER 1'])
      vi.advanceTimersByTime(9 * second)
      expect(existsSync(left)).toBe(true)
      vi.advanceTimersByTime(2 * second)
      expect(existsSync(left)).toBe(false)
    }))

  test('are gone after a close when nothing lives', () =>
    withJournal(async (rig) => {
      const [store, other] = await rig.pair()
      holdTime()
      await takeAll(other, await issueMany(store, 5, second))
      vi.setSystemTime(Date.now() + second)
      await rig.close()
      expect(files(rig)).toEqual([])
    }))

  const strikes: Readonly<Record<string, (path: string) => void>> = {
    'is cut in half': (path) => truncateSync(path, Math.floor(statSync(path).size / 2)),
    'is written over': (path) => writeFileSync(path, '\0'.repeat(statSync(path).size), { flag: 'r+' }),
    'is written to by somebody else, in our place': (path) => {
      truncateSync(path, statSync(path).size - 10)
      appendFileSync(path, 'x'.repeat(10))
    },
  }

  for (const [what, strike] of Object.entries(strikes))
    test(`fail issues and takes within a second when one ${what}, until it is restored`, () =>
      withJournal(async (rig) => {
        holdTime()
        const store = await rig.open(0)
        const ids = await issueMany(store, 20)
        const path = fileOf(rig)
        const text = readFileSync(path)
        strike(path)
        vi.advanceTimersByTime(second)
        await refuses(() => store.issue('LOST', minute), /expected what was written there/)
        await refuses(() => store.take(ids[0] ?? ''), /expected what was written there/)
        writeFileSync(path, text, { flag: 'r+' })
        vi.advanceTimersByTime(second)
        expect(await store.take(ids[0] ?? '')).toBe('ANSWER 0')
      }))
})
