import { existsSync, mkdirSync, readFileSync, statSync, unlinkSync, writeFileSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { drawBytes } from '../draw-bytes.js'
import type { Strategy } from '../strategy.js'
import { openSpareFiles } from './files/spare-files.js'

/** `<second of expiry in base 36>-<144 random bits>`: the first half names the bucket directory, the second the file. */
const idShape = /^([0-9a-z]{6,9})-([A-Za-z0-9_-]{24})$/

/** What an answer of up to 40 bytes needs. Files of one length can be overwritten in place. */
const fileBytes = 64

/** Of a name alone Node makes such an object at every call. */
const asText = { encoding: 'utf8', flag: 'r' } as const

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
    const spares = openSpareFiles(join(dataDir, 'spares'))
    const sweeper = workerId === 0 ? setInterval(() => void sweep(root), 1_000).unref() : undefined
    let lastBucket = ''

    function pathOf(id: string): string | undefined {
      const [, bucket, name] = idShape.exec(id) ?? []
      // Not `join`: there is nothing to normalise.
      return bucket && name && `${root}/${bucket}/${name}`
    }

    /**
     * What the file holds. It is this captcha's only if the file is still in its place afterwards: once taken, it may be that of
     * another, or half of each.
     */
    function readAlive(id: string): Alive | undefined {
      const path = pathOf(id)
      const text = path && whenThere(() => readFileSync(path, asText))
      if (path === undefined || text === undefined) return undefined
      const found = parse(text)
      if (found !== undefined)
        return found.expiresAt > Date.now()
          ? { path, answer: found.answer, bytes: Buffer.byteLength(text) }
          : undefined
      if (!isThere(path)) return undefined
      throw new Error('expected a captcha file ["answer", expiresAt], got something else')
    }

    function isThere(path: string): boolean {
      // That of a file which is not there may be the medium's fault, and `existsSync` does not tell.
      return existsSync(path) || whenThere(() => statSync(path)) !== undefined
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
        const name = drawBytes(18).toString('base64url')
        const text = JSON.stringify([answer, expiresAt]).padEnd(fileBytes)
        const path = `${root}/${bucket}/${name}`
        if (Buffer.byteLength(text) > fileBytes || !spares.fill(path, text))
          writeFileSync(path, text, { flag: 'wx' })
        return `${bucket}-${name}`
      },
      read(id) {
        const alive = readAlive(id)
        return alive && isThere(alive.path) ? alive.answer : undefined
      },
      take(id) {
        const alive = readAlive(id)
        if (alive === undefined) return undefined
        const { path, answer, bytes } = alive
        return whenThere(() => {
          if (bytes !== fileBytes || !spares.keep(path)) unlinkSync(path)
          return answer
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
  readonly path: string
  readonly answer: string
  /** Of its file. */
  readonly bytes: number
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
