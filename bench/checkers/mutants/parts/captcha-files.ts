import { randomUUID } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import type { CaptchaStore } from '../../../../src/strategy.js'
import { alive, type Captcha, newId, toCaptcha } from './captcha.js'

/** Anything else is no id of ours and names no file. */
const idShape = /^[A-Za-z0-9_-]{24}$/

/** One JSON file per captcha. All calls are synchronous and throw when the medium fails or holds something else. */
export interface CaptchaFiles {
  readonly folder: string
  pathOf(id: string): string
  /** The file appears whole or not at all. */
  save(id: string, captcha: Captcha): void
  load(id: string): Captcha | undefined
  /** @returns whether it was this caller who removed it */
  remove(id: string): boolean
  ids(): readonly string[]
}

export function openFiles(dataDir: string): CaptchaFiles {
  const folder = join(dataDir, 'captchas')
  mkdirSync(folder, { recursive: true })
  const pathOf = (id: string) => join(folder, `${id}.json`)

  /** ENOENT means an unknown captcha only while the medium is there. */
  function whenThere<T>(act: () => T): T | undefined {
    try {
      return act()
    } catch (error) {
      const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT'
      if (missing && existsSync(folder)) return undefined
      throw error
    }
  }

  return {
    folder,
    pathOf,
    save(id, captcha) {
      const temporary = join(folder, `${randomUUID()}.tmp`)
      try {
        writeFileSync(temporary, JSON.stringify(captcha), { flag: 'wx' })
        renameSync(temporary, pathOf(id))
      } catch (error) {
        rmSync(temporary, { force: true })
        throw error
      }
    },
    load(id) {
      if (!idShape.test(id)) return undefined
      const text = whenThere(() => readFileSync(pathOf(id), 'utf8'))
      return text === undefined ? undefined : toCaptcha(JSON.parse(text), pathOf(id))
    },
    remove(id) {
      return whenThere(() => unlinkSync(pathOf(id)) ?? true) ?? false
    },
    ids: () =>
      readdirSync(folder).flatMap((name) => (name.endsWith('.json') ? [name.slice(0, -'.json'.length)] : [])),
  }
}

/** The sound store over such files: `unlink` names one winner. One worker of a host sweeps, every second. */
export function fileStore(files: CaptchaFiles, sweeps: boolean): CaptchaStore {
  const sweeper = sweeps ? setInterval(() => sweepFiles(files), 1_000).unref() : undefined
  return {
    issue(answer, ttlMs) {
      const id = newId()
      files.save(id, { answer, expiresAt: Date.now() + ttlMs })
      return id
    },
    read: (id) => alive(files.load(id)),
    take(id) {
      const answer = alive(files.load(id))
      return answer !== undefined && files.remove(id) ? answer : undefined
    },
    close: () => clearInterval(sweeper),
  }
}

/** Removes what is over. What cannot be read stays for somebody to look at; the next sweep tries again. */
export function sweepFiles(files: CaptchaFiles, isOver: (captcha: Captcha) => boolean = isExpired): void {
  for (const id of quietly(files.ids) ?? []) {
    quietly(() => {
      const captcha = files.load(id)
      if (captcha !== undefined && isOver(captcha)) files.remove(id)
    })
  }
}

function isExpired(captcha: Captcha): boolean {
  return alive(captcha) === undefined
}

/** An error in a timer would end the worker; the next request meets the same one and says so. */
function quietly<T>(act: () => T): T | undefined {
  try {
    return act()
  } catch {
    return undefined
  }
}
