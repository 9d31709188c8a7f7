import { closeSync, fstatSync, ftruncateSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { entriesBelow } from '../files-below.js'
import type { Random } from '../statistics.js'
import { type Fault, usualAfterMs } from './fault.js'

/** No more than so many: a store with a file for each captcha is damaged in part. */
const mostFiles = 200

/** How often it is damaged, and how long it is left to its users between. */
const rounds = 10
const betweenMs = 30

/** SQLite's index and LMDB's readers and mutexes, which their users hold in memory: cut short, they end them, and they are no data. */
const notData = /-shm$|^lock\.mdb$/

/** What the store has written is damaged under its eyes: it must say so, and never answer from it as if it were empty. */
export const corruptFile: Fault = {
  name: 'corrupt-file',
  of: 'medium',
  loses: 'power-loss',
  strikes: 'all',
  afterMs: usualAfterMs,
  lastsMs: 0,
  needs: () => undefined,
  async start({ dataDir, random }) {
    let damaged = 0
    // Again and again: a commit under way when it strikes puts a whole file over the damage, and nobody has felt it.
    for (let round = 0; round < rounds; round += 1) {
      for (const path of await dataFiles(dataDir)) damaged += damage(path, random)
      await wait(betweenMs)
    }
    return damaged === 0 ? { missed: 'the store keeps no file that holds anything' } : {}
  },
}

async function dataFiles(dataDir: string): Promise<readonly string[]> {
  const entries = await entriesBelow(dataDir)
  return entries
    .filter((entry) => entry.isFile() && !notData.test(entry.name))
    .map(({ parentPath, name }) => join(parentPath, name))
    .slice(0, mostFiles)
}

/**
 * Cuts a file in half, or overwrites all of it: a database's middle may be of no use to anybody any more. Synchronous: a file
 * that is replaced meanwhile would be damaged where nobody reads it.
 * @returns the number of files damaged: one that is gone or empty is none
 */
function damage(path: string, random: Random): 0 | 1 {
  try {
    const file = openSync(path, 'r+')
    try {
      const { size } = fstatSync(file)
      if (size === 0) return 0
      if (random() < 0.5) ftruncateSync(file, Math.floor(size / 2))
      else writeSync(file, Buffer.alloc(size, '\0garbage'), 0, size, 0)
      return 1
    } finally {
      closeSync(file)
    }
  } catch {
    return 0
  }
}
