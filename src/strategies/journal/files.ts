import { randomBytes } from 'node:crypto'
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { ownMark } from '../files/process-mark.js'

/** A file goes on in a new one from this length on, bytes. */
const mostBytes = 2 ** 20

/** Between two looks at what has ended, and whether the file is still what was written, ms. */
const tendMs = 500

/** `<owner>-<number and start of its process>-<random>.log` */
const nameShape = /^([0-9]+|primary)-([0-9]+-[0-9]+)-[0-9a-f]{12}\.log$/

export interface JournalName {
  readonly path: string
  readonly owner: string
  /** Of the process that writes it. */
  readonly mark: string
}

/** A file to which nobody adds any more. */
export interface Finished {
  readonly path: string
  /** When everything named in it has ended, ms since 1970. */
  readonly endMs: number
}

export interface Journal {
  readonly path: string
  /**
   * Adds a line about a captcha that ends at `endMs`; it outlives every process once this returns.
   * @throws when the medium did not take it, and when it has been damaged: then nothing was added
   */
  append(line: string, endMs: number): void
  /** Takes charge of a file of somebody who has gone. */
  adopt(file: Finished): void
  close(): void
}

/** The file that is written to. */
interface Current {
  readonly path: string
  readonly file: number
  readonly inode: number
  length: number
  endMs: number
  lastLine: string
  /** Nothing may follow: it ends in half a line. */
  isTorn: boolean
}

export function journalsIn(folder: string): readonly JournalName[] {
  return readdirSync(folder).flatMap((name) => {
    const [, owner = '', mark = ''] = nameShape.exec(name) ?? []
    return owner === '' ? [] : [{ path: join(folder, name), owner, mark }]
  })
}

export function newPath(folder: string, owner: string): string {
  return join(folder, `${owner}-${ownMark()}-${randomBytes(6).toString('hex')}.log`)
}

/**
 * Opens a journal of one owner, who has a file of that name in the folder as long as it is open.
 *
 * Each line is one write behind the last whole one. A line that was cut short is cut off; where that fails too, the file is left to
 * end in it, and the next line begins a new file. Files in which everything has ended are removed, the current one emptied.
 */
export function openJournal(folder: string, owner: string): Journal {
  let current = startFile(newPath(folder, owner))
  let finished: Finished[] = []
  let damage: Error | undefined
  const timer = setInterval(tend, tendMs).unref()

  function goOn(): void {
    const { file, path, endMs } = current
    current = startFile(newPath(folder, owner))
    finished.push({ path, endMs })
    closeSync(file)
  }

  function append(line: string, endMs: number): void {
    if (damage !== undefined) throw damage
    if (current.isTorn || current.length >= mostBytes) goOn()
    const bytes = Buffer.byteLength(line)
    try {
      const written = writeSync(current.file, line, current.length)
      if (written < bytes)
        throw new Error(`${current.path}: expected to write ${bytes} bytes, wrote ${written}`)
    } catch (error) {
      current.isTorn = !cut(current.file, current.length)
      throw error
    }
    current.length += bytes
    current.lastLine = line
    if (endMs > current.endMs) current.endMs = endMs
  }

  /** What cannot be removed now is tried again at the next look. */
  function tend(): void {
    const nowMs = Date.now()
    finished = finished.filter(({ path, endMs }) => endMs > nowMs || !remove(path))
    if (current.length > 0 && current.endMs <= nowMs && cut(current.file, 0))
      Object.assign(current, { length: 0, lastLine: '', isTorn: false })
    damage = damageOf(current)
  }

  function close(): void {
    clearInterval(timer)
    tend()
    closeSync(current.file)
    if (current.length === 0 && damage === undefined) remove(current.path)
  }

  return { path: current.path, append, adopt: (file) => void finished.push(file), close }
}

function startFile(path: string): Current {
  const file = openSync(path, 'wx', 0o600)
  return { path, file, inode: fstatSync(file).ino, length: 0, endMs: 0, lastLine: '', isTorn: false }
}

/** @returns whether it worked */
function cut(file: number, length: number): boolean {
  try {
    ftruncateSync(file, length)
    return true
  } catch {
    return false
  }
}

/** @returns whether it is gone */
function remove(path: string): boolean {
  try {
    rmSync(path, { force: true })
    return true
  } catch {
    return false
  }
}

/** Whether the last line is no longer in its place, in this file, under its name: somebody cut it short, wrote over it, or removed it. */
function damageOf({ path, inode, length, lastLine }: Current): Error | undefined {
  try {
    const expected = Buffer.from(lastLine)
    const found = Buffer.alloc(expected.length)
    const file = openSync(path, 'r')
    try {
      readSync(file, found, 0, found.length, length - found.length)
      if (found.equals(expected) && fstatSync(file).ino === inode) return undefined
    } finally {
      closeSync(file)
    }
    return new Error(
      `${path}: expected what was written there, found something else; restore it, or end the server and remove it`,
    )
  } catch (cause) {
    return new Error(`${path}: expected the file that was written, could not read it; end the server`, {
      cause,
    })
  }
}
