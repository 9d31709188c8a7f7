import { randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { isRunning } from './is-running.js'

/** Files that a worker keeps for its next captchas, at the most; and for how many seconds in which nobody asks for one. */
const [mostSpares, idleSeconds] = [256, 3]

/** Files of captchas that were taken, in a directory of this store's own below `folder`; those of processes that have ended go. */
export function openSpareFiles(folder: string) {
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

function overwrite(path: string, text: string): void {
  const descriptor = openSync(path, 'r+')
  try {
    writeSync(descriptor, text, 0)
  } finally {
    closeSync(descriptor)
  }
}
