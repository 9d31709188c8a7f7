import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Strategy } from '../strategy.js'

/** `<second of expiry in base 36>-<144 random bits>`: the first half names the bucket directory, the second the file. */
const idShape = /^([0-9a-z]{6,9})-([A-Za-z0-9_-]{24})$/

/**
 * One file per captcha. `unlink` names exactly one winner: every loser gets ENOENT, whichever process it is in.
 * Calls are synchronous: 30 to 40 µs each, where the thread pool's round trip alone costs ten times that.
 * Files lie in one directory per second of expiry, so a sweep lists a few directories and never the captchas.
 * Written in place, without fsync: nobody knows the id before the write is complete, and claims end at a restart.
 */
const directory: Strategy = {
  name: 'directory',
  summary: 'One file per captcha, claimed by unlink.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  open({ dataDir, workerId }) {
    const root = join(dataDir, 'captchas')
    mkdirSync(root, { recursive: true })
    const sweeper = workerId === 0 ? setInterval(() => void sweep(root), 1_000).unref() : undefined
    let lastBucket = ''

    function pathOf(id: string): string | undefined {
      const [, bucket, name] = idShape.exec(id) ?? []
      return bucket && name && join(root, bucket, name)
    }

    function readAlive(path: string): string | undefined {
      const text = whenThere(() => readFileSync(path, 'utf8'))
      if (text === undefined) return undefined
      const { answer, expiresAt } = parse(text)
      return expiresAt > Date.now() ? answer : undefined
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
        writeFileSync(join(root, bucket, name), JSON.stringify([answer, expiresAt]), { flag: 'wx' })
        return `${bucket}-${name}`
      },
      read(id) {
        const path = pathOf(id)
        return path && readAlive(path)
      },
      take(id) {
        const path = pathOf(id)
        const answer = path && readAlive(path)
        if (answer === undefined) return undefined
        return whenThere(() => {
          unlinkSync(path ?? '')
          return answer
        })
      },
      close: () => clearInterval(sweeper),
    }
  },
}

/** A torn or foreign file is an error, never an unknown captcha. */
function parse(text: string): { answer: string; expiresAt: number } {
  const [answer, expiresAt]: unknown[] = JSON.parse(text)
  if (typeof answer === 'string' && typeof expiresAt === 'number') return { answer, expiresAt }
  throw new Error('expected a captcha file ["answer", expiresAt], got something else')
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
