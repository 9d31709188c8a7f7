import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { entriesBelow } from '../files-below.js'

/** Stops tried until one meets the holder of a lock. */
const tries = 80

/** A lock that is there and unchanged for so long after a stop is held by whoever was stopped, ms. */
const heldMs = 80

/** Stops a process while it holds a lock, where the store has any; at any moment where it has none. Needs load. */
export async function stopHolder(pid: number, dataDir: string): Promise<void> {
  try {
    if (await usesLocks(dataDir)) await stopInLock(pid, dataDir)
    else process.kill(pid, 'SIGSTOP')
  } catch (error) {
    process.kill(pid, 'SIGCONT')
    throw error
  }
}

/** Leaves it stopped; after the last try wherever it is. */
async function stopInLock(pid: number, dataDir: string): Promise<void> {
  for (let left = tries; left > 0; left -= 1) {
    process.kill(pid, 'SIGSTOP')
    // Whoever else holds one gives it back meanwhile, or takes it over as somebody new.
    await wait(4)
    const before = await lockIn(dataDir)
    if (before !== undefined) {
      await wait(heldMs)
      if ((await lockIn(dataDir)) === before) return
    }
    if (left === 1) return
    process.kill(pid, 'SIGCONT')
    await wait(left % 9)
  }
}

/** Seen under load, where a store that locks has a lock most of the time. */
async function usesLocks(dataDir: string): Promise<boolean> {
  for (let look = 0; look < 40; look += 1) {
    if ((await lockIn(dataDir)) !== undefined) return true
    await wait(5)
  }
  return false
}

/** @returns which lock there is, and since when; lock files and lock directories are named so by those who make them */
async function lockIn(dataDir: string): Promise<string | undefined> {
  const lock = (await entriesBelow(dataDir)).find(({ name }) => name.endsWith('.lock'))
  if (lock === undefined) return undefined
  const found = await stat(join(lock.parentPath, lock.name)).catch(() => undefined)
  return found && `${lock.name} ${found.ino} ${found.ctimeMs}`
}
