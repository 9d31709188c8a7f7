import { randomUUID } from 'node:crypto'
import { existsSync, linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Awaitable, CaptchaStore } from '../../../../src/strategy.js'
import { alive, type Captcha, newId, toCaptcha } from './captcha.js'

export type Captchas = Map<string, Captcha>

/** What a store over one JSON file is made of; each part is sound unless another is given. */
export interface JsonFileParts {
  /** Runs a commit while no other store runs one. Unless given, the file has to belong to one store. */
  readonly alone?: (commit: () => Promise<void>) => Promise<void>
  readonly parse?: (text: string) => Captchas
  readonly install?: (path: string, text: string) => Awaitable<void>
  /** Milliseconds between load and install: a slow disk, so that a worker can be stopped just there. */
  readonly slowMs?: number
  /** Up to so many milliseconds more, by chance. */
  readonly unsteadyMs?: number
  /** Mean milliseconds, random, in which changes are gathered for a commit; those of one turn of the loop, unless given. */
  readonly gatherMs?: number
}

interface Request {
  readonly apply: (captchas: Captchas) => string | undefined
  readonly resolve: (answer: string | undefined) => void
  readonly reject: (error: unknown) => void
}

/** One JSON file, `{"captchas":{id:{answer,expiresAt}}}`. A store commits one after another what queues up in it. */
export function jsonFileStore(dataDir: string, parts: JsonFileParts = {}): CaptchaStore {
  const { alone = (commit) => commit(), parse = parseCaptchas, install = replaceFile } = parts
  const { slowMs = 0, unsteadyMs = 0, gatherMs = 0 } = parts
  const path = createdFile(dataDir)
  let queue: Request[] = []
  let committing: Promise<void> | undefined
  const sweeper = setInterval(() => ask(() => undefined).catch(() => undefined), 1_000).unref()

  function ask(apply: Request['apply']): Promise<string | undefined> {
    return new Promise((resolve, reject) => {
      queue.push({ apply, resolve, reject })
      committing ??= commitAll()
    })
  }

  async function commitAll(): Promise<void> {
    while (queue.length > 0) {
      await (gatherMs > 0 ? wait(gatherMs * (0.5 + Math.random())) : new Promise(setImmediate))
      const batch = queue
      queue = []
      await alone(() => commit(batch)).catch((error) => {
        for (const { reject } of batch) reject(error)
      })
    }
    committing = undefined
  }

  async function commit(batch: readonly Request[]): Promise<void> {
    // In the turn in which the lock was got: a stop that follows the lock then falls between load and install.
    const before = readFileSync(path, 'utf8')
    const captchas = parse(before)
    const answers = batch.map(({ apply }) => apply(captchas))
    dropExpired(captchas)
    const after = serialise(captchas)
    if (after !== before) {
      if (slowMs > 0) await wait(slowMs + unsteadyMs * Math.random())
      await install(path, after)
    }
    batch.forEach(({ resolve }, index) => {
      resolve(answers[index])
    })
  }

  return {
    async issue(answer, ttlMs) {
      const id = newId()
      await ask((captchas) => void captchas.set(id, { answer, expiresAt: Date.now() + ttlMs }))
      return id
    },
    read: (id) => ask((captchas) => alive(captchas.get(id))),
    take: (id) =>
      ask((captchas) => {
        const answer = alive(captchas.get(id))
        captchas.delete(id)
        return answer
      }),
    async close() {
      clearInterval(sweeper)
      await committing
    },
  }
}

/** @throws Error when the text is not what `serialise` wrote */
export function parseCaptchas(text: string): Captchas {
  const { captchas }: { captchas?: unknown } = Object(JSON.parse(text))
  if (typeof captchas !== 'object' || captchas === null)
    throw new Error('captchas.json: expected {"captchas":{…}}, got something else; restore it')
  return new Map(Object.entries(captchas).map(([id, captcha]) => [id, toCaptcha(captcha, 'captchas.json')]))
}

export function serialise(captchas: Captchas): string {
  return JSON.stringify({ captchas: Object.fromEntries(captchas) })
}

export function dropExpired(captchas: Captchas): void {
  for (const [id, captcha] of captchas) if (alive(captcha) === undefined) captchas.delete(id)
}

/**
 * Replaces a file by rename: a reader finds the old one or the new one. Synchronous.
 * @param check called when all but the rename is done; what it throws leaves the old file
 */
export function replaceFile(path: string, text: string, check: () => void = () => undefined): void {
  const temporary = `${path}.${randomUUID()}.tmp`
  try {
    writeFileSync(temporary, text, { flag: 'wx' })
    check()
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

/** The file of a data directory, made if there is none. A link and no rename: what another worker has made stays. */
export function createdFile(dataDir: string): string {
  const path = join(dataDir, 'captchas.json')
  if (existsSync(path)) return path
  const temporary = `${path}.${randomUUID()}.tmp`
  try {
    writeFileSync(temporary, serialise(new Map()), { flag: 'wx' })
    linkSync(temporary, path)
  } catch (error) {
    if (!existsSync(path)) throw error
  } finally {
    rmSync(temporary, { force: true })
  }
  return path
}

/** What the file of a data directory holds. */
export function loadCaptchas(dataDir: string): Captchas {
  return parseCaptchas(readFileSync(createdFile(dataDir), 'utf8'))
}
