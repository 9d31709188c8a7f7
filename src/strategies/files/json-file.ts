import { randomUUID } from 'node:crypto'
import {
  closeSync,
  fdatasyncSync,
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

/** A captcha with its own piece of the file: a commit then joins texts instead of serialising everything again. */
export interface Entry {
  readonly answer: string
  /** Milliseconds of the epoch. */
  readonly expiresAt: number
  readonly text: string
}

export type Captchas = Map<string, Entry>

/** What the file holds: `{"generation":N,"captchas":{id:[answer,expiresAt]}}`. */
export interface Snapshot {
  readonly generation: number
  readonly captchas: Captchas
}

export function entryOf(id: string, answer: string, expiresAt: number): Entry {
  return { answer, expiresAt, text: `${JSON.stringify(id)}:${JSON.stringify([answer, expiresAt])}` }
}

/** The file on disk, and how a new generation of it gets there. */
export function openJsonFile(dataDir: string) {
  const directory = join(dataDir, 'file')
  const path = join(directory, 'captchas.json')

  /** Leaves one that is there. */
  function create(): void {
    mkdirSync(directory, { recursive: true })
    if (readdirSync(directory).includes('captchas.json')) return
    const text = serialise({ generation: 0, captchas: new Map() })
    writeFileSync(path, text, { flag: 'wx', flush: true })
  }

  /** @throws Error when it is not what we write: never an empty store */
  function load(): Snapshot {
    const found = parse(readFileSync(path, 'utf8'))
    if (found instanceof Error) throw corrupt(path, found)
    return found
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
   *
   * The contents are on the disk before the file has its name, so that a loss of power leaves a whole generation, and the next server
   * starts. It need not be the last one, that is not claimed: nobody waits for the directory, which was an eighth of a commit.
   */
  function install(next: Snapshot): boolean {
    const name = `${randomUUID()}.tmp`
    const temporary = join(directory, name)
    try {
      writeDurably(temporary, serialise(next))
      for (const entry of readdirSync(directory)) {
        if (entry.endsWith('.tmp') && entry !== name) rmSync(join(directory, entry), { force: true })
      }
      if (generation() !== next.generation - 1) return discard(temporary)
      renameSync(temporary, path)
    } catch (error) {
      discard(temporary)
      if (isMissing(error, temporary)) return false
      throw error
    }
    return true
  }

  return { create, load, generation, install }
}

export type JsonFile = ReturnType<typeof openJsonFile>

function discard(temporary: string): false {
  rmSync(temporary, { force: true })
  return false
}

function writeDurably(path: string, text: string): void {
  const descriptor = openSync(path, 'wx')
  try {
    writeFileSync(descriptor, text)
    fdatasyncSync(descriptor)
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
  const texts: string[] = []
  for (const { text } of captchas.values()) texts.push(text)
  return `{"generation":${generation},"captchas":{${texts.join(',')}}}`
}

/** @returns an error for what we would not have written */
function parse(text: string): Snapshot | Error {
  try {
    const { generation, captchas }: { generation?: unknown; captchas?: unknown } = JSON.parse(text)
    if (typeof generation !== 'number' || !isObject(captchas))
      throw new Error('no generation, or no captchas')
    return { generation, captchas: new Map(Object.entries(captchas).map(parsePair)) }
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function parsePair([id, pair]: [string, unknown]): [string, Entry] {
  const [answer, expiresAt]: unknown[] = Array.isArray(pair) ? pair : []
  if (typeof answer !== 'string' || typeof expiresAt !== 'number') throw new Error('no answer, or no end')
  return [id, entryOf(id, answer, expiresAt)]
}

function corrupt(path: string, cause?: Error): Error {
  return new Error(
    `${path}: expected {"generation":N,"captchas":{…}}, got something else; restore it or remove it by hand`,
    { cause },
  )
}
