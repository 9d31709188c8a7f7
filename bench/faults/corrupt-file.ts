import { open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Random } from '../statistics.js'
import { type Fault, usualAfterMs } from './fault.js'

/** No more than so many: a store with a file for each captcha is damaged in part. */
const mostFiles = 200

/** An index that its users hold in memory: cut short, it ends them, and it is no data. */
const notData = /-shm$/

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
    for (const path of await dataFiles(dataDir)) damaged += await damage(path, random)
    return damaged === 0 ? { missed: 'the store keeps no file that holds anything' } : {}
  },
}

async function dataFiles(dataDir: string): Promise<readonly string[]> {
  const entries = await readdir(dataDir, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile() && !notData.test(entry.name))
    .map(({ parentPath, name }) => join(parentPath, name))
    .slice(0, mostFiles)
}

/**
 * Cuts a file in half, or overwrites all of it: a database's middle may be of no use to anybody any more.
 * @returns the number of files damaged: one that is gone or empty is none
 */
async function damage(path: string, random: Random): Promise<0 | 1> {
  try {
    const { size } = await stat(path)
    if (size === 0) return 0
    const file = await open(path, 'r+')
    if (random() < 0.5) await file.truncate(Math.floor(size / 2))
    else await file.write(Buffer.alloc(size, '\0garbage'), 0, size, 0)
    await file.close()
    return 1
  } catch {
    return 0
  }
}
