import { join } from 'node:path'
import type { CaptchaStore, Strategy, WorkerContext } from '../strategy.js'
import { type Journal, journalsIn, openJournal } from './journal-files.js'
import { issueLine, readJournal, takeLine } from './journal-lines.js'
import { takeOver } from './journal-replay.js'
import { closedStore, createMemory, openMemory, usualSlots } from './shared-memory.js'
import { createSlots, type Slots } from './shared-slots.js'

/**
 * The slots of `shared-memory` decide, and what is decided is written down first, each worker in files of its own: a server that
 * starts again fills its slots from what was issued and neither taken nor over. A line is in the page cache when a request is
 * answered: it outlives every process, not the power.
 *
 * - *Issue*: the captcha is in its slot, then in the journal, and then its id becomes known. If the journal does not take
 *   it, the slot is given back.
 * - *Take*: written down before the slot is emptied, by each who still finds the captcha; the slot then names one winner. So what
 *   one worker finds gone is gone for every server to come, whoever was killed in between. The other order would let a captcha
 *   live again that somebody had been told was unknown. A line whose writer was killed before the swap costs that captcha, which he was
 *   taking, at the next start.
 * - *Ids are unique* and every line names when its captcha ends, so files are read in any order, and one is removed once all in it
 *   has ended. Files hold the issues and takes of one lifetime: about 60 bytes an issue, 50 a take.
 */
export function createJournal({ slots }: { readonly slots: number }): Strategy {
  return {
    name: 'journal',
    summary: 'The slots of shared-memory, filled again after a restart from a journal of issues and takes.',
    claims: { scope: 'host', singleUse: true, survives: 'restart' },
    async host({ dataDir, topology, workers }) {
      const { handoff, close } = await createMemory(slots, topology)
      try {
        const journal = await refill({ handoff, folder: folderIn(dataDir), workers })
        return {
          handoff,
          close() {
            journal.close()
            return close()
          },
        }
      } catch (error) {
        await close()
        throw error
      }
    },
    async open(worker) {
      // Before the memory: the next server, which removes that first, then knows of this process if it got hold of it.
      const journal = openJournal(folderIn(worker.dataDir), String(worker.workerId))
      const { memory, close } = await enter(worker, journal)
      let store: Verbs = written(createSlots(memory, worker), journal)
      return {
        issue: (answer, ttlMs) => store.issue(answer, ttlMs),
        read: (id) => store.read(id),
        take: (id) => store.take(id),
        close() {
          store = closedStore
          journal.close()
          close()
        },
      }
    },
  }
}

type Verbs = Pick<CaptchaStore, 'issue' | 'read' | 'take'>

function written({ issue, read, take, endMs }: Slots, { append }: Journal): Verbs {
  return {
    issue(answer, ttlMs) {
      const id = issue(answer, ttlMs)
      const end = endMs()
      try {
        append(issueLine(id, end, answer), end)
      } catch (error) {
        take(id)
        throw error
      }
      return id
    },
    read,
    take(id) {
      if (read(id) === undefined) return undefined
      const end = endMs()
      append(takeLine(id, end), end)
      return take(id)
    },
  }
}

interface Refill {
  readonly handoff: unknown
  readonly folder: string
  readonly workers: number
}

async function refill({ handoff, folder, workers }: Refill): Promise<Journal> {
  const { memory, close } = await openMemory(handoff)
  try {
    return await takeOver(folder, createSlots(memory, { workerId: 0, workers }).restore)
  } finally {
    close()
  }
}

/** Whoever had this worker's number before has gone, and left its files to it. */
async function enter({ dataDir, workerId, handoff }: WorkerContext, journal: Journal) {
  try {
    for (const { path, owner } of journalsIn(folderIn(dataDir)))
      if (owner === String(workerId) && path !== journal.path) journal.adopt({ path, endMs: lastEndOf(path) })
    return await openMemory(handoff)
  } catch (error) {
    journal.close()
    throw error
  }
}

function lastEndOf(path: string): number {
  return readJournal(path).reduce((last, { endMs }) => Math.max(last, endMs), 0)
}

function folderIn(dataDir: string): string {
  return join(dataDir, 'journal')
}

export default createJournal({ slots: usualSlots })
