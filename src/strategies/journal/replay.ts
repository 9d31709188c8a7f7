import { mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { isOtherRunning } from '../files/process-mark.js'
import type { Slots } from '../shared-memory/slots.js'
import { type Journal, journalsIn, newPath, openJournal } from './files.js'
import { type Entry, issueLine, readJournal, takeLine } from './lines.js'
import { syncDirectory } from './sync-directory.js'

/** The longest an earlier server may take to go, which drains for 5 s, and how often its processes are looked for; ms. */
const [goneLimitMs, lookMs] = [6_000, 20]

const owner = 'primary'

/**
 * Puts back what lives by the journals in a folder, and leaves one file of it in place of all others.
 *
 * Whoever looks for others is there to be seen first, by a file of its own. So of two servers that start at once at most one goes
 * on, and no worker of an earlier one, be it stopped, takes from its own memory what is handed out here again: it has gone first.
 *
 * Files are removed after the new one is in place, in any order, by a process that may be killed between two. So that one tells
 * takes as well: an issue left behind must not be read without its take.
 * @returns the primary's own journal, which removes that file in time
 * @throws when an earlier server's process does not go, or a file is damaged: nothing has been changed then
 */
export async function takeOver(folder: string, restore: Slots['restore']): Promise<Journal> {
  mkdirSync(folder, { recursive: true })
  const seenMs = statSync(folder).mtimeMs
  const journal = openJournal(folder, owner)
  try {
    await othersGone(folder)
    const paths = journalsIn(folder).flatMap(({ path }) => (path === journal.path ? [] : [path]))
    // Set back, a clock would let captchas live again whose takes have been removed since.
    const nowMs = Math.max(Date.now(), seenMs, ...paths.map((path) => statSync(path).mtimeMs))
    const { text, endMs } = replay(paths.flatMap(readJournal), nowMs, restore)
    if (text !== '') {
      const path = newPath(folder, owner)
      writeWhole(folder, path, text)
      journal.adopt({ path, endMs })
    }
    for (const path of [...paths, ...unfinished(folder)]) rmSync(path, { force: true })
    return journal
  } catch (error) {
    journal.close()
    throw error
  }
}

async function othersGone(folder: string): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += lookMs) {
    const other = journalsIn(folder).find(({ mark }) => isOtherRunning(mark))
    if (other === undefined) return
    if (waitedMs >= goneLimitMs)
      throw new Error(
        `${folder}: expected no other server at work on it, found process ${other.mark.split('-')[0]} (${other.path}); end it, or give this server a directory of its own`,
      )
    await wait(lookMs)
  }
}

/** @returns what is to be read instead of these entries from now on, and when all of it has ended */
function replay(entries: readonly Entry[], nowMs: number, restore: Slots['restore']) {
  const living = entries.filter((entry) => entry.endMs > nowMs)
  const ends = new Map(living.map(({ id, endMs }) => [id, endMs]))
  const taken = new Set(living.flatMap(({ id, answer }) => (answer === undefined ? id : [])))
  // Of two in one slot the earlier had ended by the clock of whoever claimed it, and so ends first.
  const issues = living.toSorted((a, b) => b.endMs - a.endMs)
  const lines = issues.flatMap(({ id, endMs, answer }) => {
    if (answer === undefined || taken.has(id) || !restore(id, answer, endMs)) return []
    ends.delete(id)
    return issueLine(id, endMs, answer)
  })
  const endMs = living.reduce((last, entry) => Math.max(last, entry.endMs), 0)
  const takes = [...ends].map(([id, end]) => takeLine(id, end))
  return { text: [...lines, ...takes].join(''), endMs }
}

/** Under its name once it is whole, and on the disk: what it stands for is removed next. */
function writeWhole(folder: string, path: string, text: string): void {
  const temporary = `${path}${unfinishedSuffix}`
  try {
    writeFileSync(temporary, text, { flag: 'wx', mode: 0o600, flush: true })
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
  syncDirectory(folder)
}

const unfinishedSuffix = '.tmp'

function unfinished(folder: string): readonly string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith(unfinishedSuffix))
  return names.map((name) => join(folder, name))
}
