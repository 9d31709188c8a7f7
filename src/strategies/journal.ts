import { join } from 'node:path'
import type { Strategy, WorkerContext } from '../strategy.js'
import { type Journal, journalsIn, openJournal } from './journal/files.js'
import { issueLine, readJournal, takeLine } from './journal/lines.js'
import { takeOver } from './journal/replay.js'
import { createSlots, type Slots } from './shared-memory/slots.js'
import { createMemory, openMemory, untilClosed, usualSlots, type Verbs } from './shared-memory.js'

/**
 * The slots of `shared-memory` decide, and what they decide is written down, each worker in files of its own: a server that starts
 * again fills its slots from what was issued and neither taken nor over. A line is in the page cache when a request is answered: it
 * outlives every process, not the power.
 *
 * - *Issue*: the captcha is put into its slot, then written down, and then its id becomes known. Where the medium does not take
 *   the line, the slot is given back.
 * - *Take*: written down by everybody who still finds the captcha, before the slot names one winner. So what one worker finds gone
 *   is gone for every server to come, whoever was killed in between. The other way round a captcha would live again after
 *   somebody had been told that it was unknown. This way one whose taker was killed between the two, and answered nobody, can
 *   still be taken until the next start, and no longer.
 * - *Any order*: ids are unique and each line tells when its captcha ends, so files are read in any order, and one is removed when
 *   all in it has ended. They hold one lifetime's issues of about 60 bytes and takes of 50, and each worker's up to 1 MiB more.
 *
 * One server on a directory, which the next one waits for: it would take from its own memory what the other hands out again. It
 * is seen by the numbers of its processes, so not from another container.
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
      return untilClosed(written(createSlots(memory, worker), journal), () => {
        journal.close()
        close()
      })
    },
  }
}

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
