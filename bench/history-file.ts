import { appendFileSync, closeSync, createReadStream, createWriteStream, existsSync, openSync } from 'node:fs'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import {
  type Completion,
  type History,
  type HistoryLine,
  type Invocation,
  type Site,
  toHistory,
} from './history.js'
import { readNdjson } from './ndjson.js'

/** Characters gathered before they are written: one write costs as much as a hundred lines. */
const portion = 65_536

/** The longest a line waits for its portion to fill up, ms. */
const flushMs = 100

/** A history on its way to disk. */
export interface Recorder {
  /** Milliseconds on the clock of all times of the record, rounded to whole microseconds. */
  nowMs(): number
  /** @returns the op's number */
  invoke(invocation: Omit<Invocation, 'kind' | 'op'>): number
  complete(completion: Completion): void
  /** Every line that is not a client operation's. */
  note(line: Exclude<HistoryLine, Site | Invocation | Completion>): void
  /** Writes what is left; nothing can be recorded after it. */
  close(): void
}

/**
 * Begins a history. Portions are written synchronously: a loop that must wait for the disk also stops sending, so lines never
 * pile up in memory, and an exception nobody catches loses no more than the last portion.
 * @throws Error when there is such a file already, or it cannot be written
 */
export function createHistory(path: string, site: Site): Recorder {
  const descriptor = openSync(path, 'wx')
  const flusher = setInterval(flush, flushMs).unref()
  let text = ''
  let ops = 0

  function append(line: HistoryLine): void {
    text += `${JSON.stringify(line)}\n`
    if (text.length >= portion) flush()
  }

  function flush(): void {
    if (text !== '') appendFileSync(descriptor, text)
    text = ''
  }

  append(site)
  return {
    nowMs: () => Math.round(performance.now() * 1_000) / 1_000,
    invoke(invocation) {
      ops += 1
      append({ kind: 'invoke', op: ops, ...invocation })
      return ops
    },
    complete: append,
    note: append,
    close() {
      clearInterval(flusher)
      flush()
      closeSync(descriptor)
    },
  }
}

/** Reads a history back; see `readNdjson` for what it throws. */
export function readHistory(path: string): Promise<readonly HistoryLine[]> {
  return readNdjson(path)
}

/** Every history of one strategy in a folder, one after another: there is room for one at a time. None where there is no folder. */
export async function* readHistories(folder: string, strategy: string): AsyncIterable<History> {
  const names = existsSync(folder) ? (await readdir(folder)).sort() : []
  for (const name of names) {
    if (name.startsWith(`${strategy}.`) && /\.ndjson(\.gz)?$/.test(name))
      yield toHistory(await readHistory(join(folder, name)))
  }
}

/** Leaves `<path>.gz` in the place of a finished history: a seventh of its size. */
export async function compressHistory(path: string): Promise<void> {
  await pipeline(createReadStream(path), createGzip(), createWriteStream(`${path}.gz`))
  await rm(path)
}
