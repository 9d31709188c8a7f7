import { randomBytes, randomInt, randomUUID } from 'node:crypto'
import {
  closeSync,
  fsync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { LockOptions } from 'proper-lockfile'
import type { Strategy } from '../strategy.js'

const flush = promisify(fsync)

/** Times a batch is tried again after another worker's commit got in first. */
const fenceRetries = 20

/** Short randomised waits: proper-lockfile's own default is none, and a bare number waits whole seconds. */
const lockOptions: LockOptions = {
  realpath: false,
  stale: 2_000,
  update: 1_000,
  retries: { retries: 600, factor: 1, minTimeout: 5, maxTimeout: 20, randomize: true },
}

type Captchas = Map<string, readonly [answer: string, expiresAt: number]>

interface Snapshot {
  readonly generation: number
  readonly captchas: Captchas
}

/** One queued change; its promise is settled when the generation that holds it has been installed. */
interface Change {
  readonly apply: (captchas: Captchas) => string | undefined
  readonly resolve: (answer: string | undefined) => void
  readonly reject: (error: unknown) => void
}

/**
 * One JSON file for all workers, written as `{"generation":N,"captchas":{id:[answer,expiresAt]}}`.
 *
 * Changes queue inside the worker and are committed together under one lock. The lock only keeps workers out of each
 * other's way: a holder that was paused past its staleness wakes up and still believes it holds it. What makes a commit
 * safe is the fence in `install`.
 */
const file: Strategy = {
  name: 'file',
  summary: 'One shared JSON file: locked, fenced, committed in groups, replaced by rename.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  async host({ dataDir }) {
    const medium = createMedium(dataDir)
    medium.create()
    return { close() {} }
  },
  async open({ dataDir, workerId }) {
    const lockfile = await import('proper-lockfile')
    const medium = createMedium(dataDir)
    let snapshot = medium.load()
    let queue: Change[] = []
    let committing: Promise<void> | undefined
    const sweeper =
      workerId === 0 ? setInterval(() => sweep().catch(() => undefined), 1_000).unref() : undefined

    function current(): Snapshot {
      if (medium.generation() !== snapshot.generation) snapshot = medium.load()
      return snapshot
    }

    function change(apply: Change['apply']): Promise<string | undefined> {
      return new Promise((resolve, reject) => {
        queue.push({ apply, resolve, reject })
        committing ??= commitAll()
      })
    }

    async function commitAll(): Promise<void> {
      // A turn of the loop first: what other requests of this turn want goes into the same commit.
      await new Promise(setImmediate)
      while (queue.length > 0) {
        const batch = queue
        queue = []
        try {
          const answers = await commit(batch)
          batch.forEach(({ resolve }, index) => {
            resolve(answers[index])
          })
        } catch (error) {
          for (const { reject } of batch) reject(error)
        }
      }
      // In the same turn as the last look at the queue: a change queued any later starts a new commit.
      committing = undefined
    }

    async function commit(batch: readonly Change[]): Promise<(string | undefined)[]> {
      const release = await lockfile.lock(medium.path, { ...lockOptions, onCompromised: () => undefined })
      try {
        for (let attempt = 0; attempt < fenceRetries; attempt += 1) {
          const { generation, captchas } = current()
          const next: Captchas = new Map(captchas)
          const answers = batch.map(({ apply }) => apply(next))
          dropExpired(next)
          if (await medium.install({ generation: generation + 1, captchas: next })) {
            snapshot = { generation: generation + 1, captchas: next }
            return answers
          }
          // Two committers without a lock remove each other's files and both fail: waits that differ end that.
          await wait(randomInt(1, 10))
        }
        throw new Error(
          `expected to commit within ${fenceRetries} tries, but other workers committed first each time`,
        )
      } finally {
        await release().catch(() => undefined)
      }
    }

    /** Rejects when the file is missing or corrupt: the next request says so, where an error in a timer would end the worker. */
    async function sweep(): Promise<void> {
      const now = Date.now()
      for (const [, expiresAt] of current().captchas.values()) {
        if (expiresAt <= now) return void (await change(() => undefined))
      }
    }

    function alive(captchas: Captchas, id: string): string | undefined {
      const [answer, expiresAt] = captchas.get(id) ?? [undefined, 0]
      return expiresAt > Date.now() ? answer : undefined
    }

    return {
      async issue(answer, ttlMs) {
        const id = randomBytes(18).toString('base64url')
        await change((captchas) => void captchas.set(id, [answer, Date.now() + ttlMs]))
        return id
      },
      read: (id) => alive(current().captchas, id),
      async take(id) {
        if (alive(current().captchas, id) === undefined) return undefined
        return change((captchas) => {
          const answer = alive(captchas, id)
          captchas.delete(id)
          return answer
        })
      },
      async close() {
        clearInterval(sweeper)
        await committing
      },
    }
  },
}

function dropExpired(captchas: Captchas): void {
  const now = Date.now()
  for (const [id, [, expiresAt]] of captchas) if (expiresAt <= now) captchas.delete(id)
}

/** The file on disk, and how a new generation of it gets there. */
function createMedium(dataDir: string) {
  const directory = join(dataDir, 'file')
  const path = join(directory, 'captchas.json')

  function create(): void {
    mkdirSync(directory, { recursive: true })
    if (readdirSync(directory).includes('captchas.json')) return
    writeFileSync(path, serialise({ generation: 0, captchas: new Map() }), { flag: 'wx', flush: true })
  }

  function load(): Snapshot {
    return parse(readFileSync(path, 'utf8'))
  }

  /**
   * Reads the number at the head of the file. Not its inode and times: ext4 hands out a freed inode at once and its clock
   * stands still for milliseconds, so two generations later the same pair can mean other contents.
   */
  function generation(): number {
    const head = Buffer.alloc(40)
    const descriptor = openSync(path, 'r')
    try {
      readSync(descriptor, head, 0, head.length, 0)
    } finally {
      closeSync(descriptor)
    }
    const digits = /^\{"generation":(\d+),/.exec(head.toString('latin1'))?.[1]
    if (digits === undefined) throw corrupt(path)
    return Number(digits)
  }

  /**
   * Replaces the file, unless another commit got in since `next` was made: then nothing has happened and it says false.
   *
   * The fence. Each committer (1) has its temporary file in place, (2) removes everybody else's, (3) checks that the
   * generation is still the one it built upon, (4) renames. Suppose two commits upon one generation both succeed, A's
   * rename before B's. If B listed the directory after A's rename, B's check came later still, saw A's generation and
   * stopped. If B listed it before A's temporary file was there, then B's own was there when A listed, A removed it, and
   * B's rename failed. In between, B removed A's file before A's rename. A pause of any length changes none of this.
   */
  async function install(next: Snapshot): Promise<boolean> {
    const name = `${randomUUID()}.tmp`
    const temporary = join(directory, name)
    try {
      await writeDurably(temporary, serialise(next))
      for (const entry of readdirSync(directory)) {
        if (entry.endsWith('.tmp') && entry !== name) rmSync(join(directory, entry), { force: true })
      }
      if (generation() !== next.generation - 1) return false
      renameSync(temporary, path)
    } catch (error) {
      if (isMissing(error, temporary)) return false
      throw error
    } finally {
      rmSync(temporary, { force: true })
    }
    syncDirectory(directory)
    return true
  }

  return { path, create, load, generation, install }
}

async function writeDurably(path: string, text: string): Promise<void> {
  const descriptor = openSync(path, 'wx')
  try {
    writeFileSync(descriptor, text)
    await flush(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Our own temporary file has been removed by another committer: lost the race, nothing else. */
function isMissing(error: unknown, path: string): boolean {
  return (
    error instanceof Error &&
    'code' in error &&
    error.code === 'ENOENT' &&
    'path' in error &&
    error.path === path
  )
}

function serialise({ generation, captchas }: Snapshot): string {
  return JSON.stringify({ generation, captchas: Object.fromEntries(captchas) })
}

/** A file that does not hold what we write is an error, never an empty store. */
function parse(text: string): Snapshot {
  const { generation, captchas }: { generation?: unknown; captchas?: unknown } = JSON.parse(text)
  if (typeof generation !== 'number' || typeof captchas !== 'object' || captchas === null)
    throw corrupt('captchas.json')
  return { generation, captchas: new Map(Object.entries(captchas)) }
}

function corrupt(path: string): Error {
  return new Error(
    `${path}: expected {"generation":N,"captchas":{…}}, got something else; restore it or remove it by hand`,
  )
}

export default file
