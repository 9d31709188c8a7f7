import { randomBytes } from 'node:crypto'
import {
  accessSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Strategy } from '../strategy.js'

/** `<second of expiry in base 36>-<144 random bits>`: the first half names the bucket directory, the second the file. */
const idShape = /^([0-9a-z]{6,9})-([A-Za-z0-9_-]{24})$/

/** What an answer of up to 40 bytes needs. Files of one length can be overwritten in place. */
const fileBytes = 64

/** Files that a worker keeps for its next captchas, at the most; and for how many seconds in which nobody asks for one. */
const [mostSpares, idleSeconds] = [256, 3]

/**
 * One file per captcha. `rename` names exactly one winner: every loser gets ENOENT, whichever process it is in.
 * Calls are synchronous: 30 to 40 µs each, where the thread pool's round trip alone costs ten times that.
 * Files lie in one directory per second of expiry, so a sweep lists a few directories and never the captchas.
 * Without fsync: nobody knows the id before the write is complete, and claims end at a restart.
 *
 * A captcha that was taken leaves its file to the next one. ext4 gives an inode out again minutes after it was freed, and until
 * then each new file passes over all of them: after some thousand takes a create cost 450 to 670 µs of CPU time, and a file that
 * is overwritten and renamed 30.
 */
const directory: Strategy = {
  name: 'directory',
  summary: 'One file per captcha, claimed by rename.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  open({ dataDir, workerId }) {
    const root = join(dataDir, 'captchas')
    mkdirSync(root, { recursive: true })
    const spares = openSpares(join(dataDir, 'spares'))
    const sweeper = workerId === 0 ? setInterval(() => void sweep(root), 1_000).unref() : undefined
    let lastBucket = ''

    function pathOf(id: string): string | undefined {
      const [, bucket, name] = idShape.exec(id) ?? []
      return bucket && name && join(root, bucket, name)
    }

    /**
     * What the file holds. It is this captcha's only if the file is still in its place afterwards: once taken, it may be that of
     * another, or half of each.
     */
    function readAlive(path: string): Alive | undefined {
      const text = whenThere(() => readFileSync(path, 'utf8'))
      const found = text === undefined ? undefined : parse(text)
      if (text === undefined || (found === undefined && !isThere(path))) return undefined
      if (found === undefined)
        throw new Error('expected a captcha file ["answer", expiresAt], got something else')
      return found.expiresAt > Date.now()
        ? { answer: found.answer, bytes: Buffer.byteLength(text) }
        : undefined
    }

    function isThere(path: string): boolean {
      return (
        whenThere(() => {
          accessSync(path)
          return true
        }) === true
      )
    }

    /** ENOENT means an unknown captcha only while the medium is there. */
    function whenThere<T>(act: () => T): T | undefined {
      try {
        return act()
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
        if (existsSync(root)) return undefined
        throw new Error(`${root}: expected the directory of the captchas, found none`, { cause: error })
      }
    }

    return {
      issue(answer, ttlMs) {
        const expiresAt = Date.now() + ttlMs
        const bucket = Math.ceil(expiresAt / 1_000).toString(36)
        if (bucket !== lastBucket) mkdirSync(join(root, bucket), { recursive: true })
        lastBucket = bucket
        const name = randomBytes(18).toString('base64url')
        const text = JSON.stringify([answer, expiresAt]).padEnd(fileBytes)
        const path = join(root, bucket, name)
        if (Buffer.byteLength(text) > fileBytes || !spares.fill(path, text))
          writeFileSync(path, text, { flag: 'wx' })
        return `${bucket}-${name}`
      },
      read(id) {
        const path = pathOf(id)
        const alive = path === undefined ? undefined : readAlive(path)
        return path !== undefined && alive !== undefined && isThere(path) ? alive.answer : undefined
      },
      take(id) {
        const path = pathOf(id)
        const alive = path === undefined ? undefined : readAlive(path)
        if (path === undefined || alive === undefined) return undefined
        return whenThere(() => {
          if (alive.bytes !== fileBytes || !spares.keep(path)) unlinkSync(path)
          return alive.answer
        })
      },
      close() {
        clearInterval(sweeper)
        spares.close()
      },
    }
  },
}

interface Alive {
  readonly answer: string
  /** Of its file. */
  readonly bytes: number
}

/** Files of captchas that were taken, in a directory of this store's own below `folder`; those of processes that have ended go. */
function openSpares(folder: string) {
  mkdirSync(folder, { recursive: true })
  for (const name of readdirSync(folder))
    if (!isRunning(Number.parseInt(name, 10))) remove(join(folder, name))
  const own = join(folder, `${process.pid}-${randomBytes(6).toString('hex')}`)
  mkdirSync(own)
  const free: string[] = []
  let number = 0
  /** How many were asked for in each of the last seconds, the latest last. */
  let asked = [0]
  const trimmer = setInterval(trim, 1_000).unref()

  /** Leaves as many as one of the last seconds wanted. One that cannot be removed goes with the directory. */
  function trim(): void {
    const wanted = Math.max(...asked)
    for (const spare of free.splice(wanted)) {
      try {
        rmSync(spare, { force: true })
      } catch {}
    }
    asked = [...asked, 0].slice(-idleSeconds)
  }

  /** Where the directory of the spares is gone, there are none, and ENOENT says nothing about a captcha. */
  function done(act: () => void): boolean {
    try {
      act()
      return true
    } catch (error) {
      if (existsSync(own)) throw error
      free.length = 0
      return false
    }
  }

  return {
    /**
     * Makes a spare file into the one of a fresh captcha.
     * @returns whether there was one
     * @throws Error when it cannot be written or put in its place; it stays a spare then
     */
    fill(path: string, text: string): boolean {
      asked.push((asked.pop() ?? 0) + 1)
      const spare = free.at(-1)
      if (spare === undefined) return false
      return done(() => {
        overwrite(spare, text)
        renameSync(spare, path)
        free.pop()
      })
    },
    /**
     * Takes the file of a captcha away from everybody.
     * @returns whether it is a spare now: it is not while there are enough
     * @throws Error with ENOENT when somebody else was first
     */
    keep(path: string): boolean {
      if (free.length === mostSpares) return false
      const spare = join(own, String(number))
      return done(() => {
        renameSync(path, spare)
        number += 1
        free.push(spare)
      })
    },
    close() {
      clearInterval(trimmer)
      remove(own)
    },
  }
}

function remove(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH')
  }
}

function overwrite(path: string, text: string): void {
  const descriptor = openSync(path, 'r+')
  try {
    writeSync(descriptor, text, 0)
  } finally {
    closeSync(descriptor)
  }
}

/** @returns nothing for a torn or foreign file: an error, never an unknown captcha */
function parse(text: string): { answer: string; expiresAt: number } | undefined {
  try {
    const [answer, expiresAt]: unknown[] = JSON.parse(text)
    if (typeof answer === 'string' && typeof expiresAt === 'number') return { answer, expiresAt }
  } catch {}
  return undefined
}

/** Buckets whose second is over hold nothing that lives. Failing to remove one now is no harm: the next sweep tries again. */
async function sweep(root: string): Promise<void> {
  const now = Math.floor(Date.now() / 1_000)
  const buckets = await readdir(root).catch(() => [])
  const over = buckets.filter((bucket) => /^[0-9a-z]+$/.test(bucket) && Number.parseInt(bucket, 36) <= now)
  await Promise.all(
    over.map((bucket) => rm(join(root, bucket), { recursive: true, force: true }).catch(() => undefined)),
  )
}

export default directory
