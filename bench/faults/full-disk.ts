import { execFile } from 'node:child_process'
import { closeSync, openSync, rmSync, writeSync } from 'node:fs'
import { mkdtemp, rmdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Fault } from './fault.js'

const run = promisify(execFile)

/** A medium of its own that is small enough to be filled up. */
export interface SmallDisk extends AsyncDisposable {
  readonly path: string
}

/** What the store frees while the medium is full is taken at once, ms. */
const refillMs = 5

/** The medium has no room for anything more; later there is room again. */
export const fullDisk: Fault = {
  name: 'full-disk',
  of: 'medium',
  loses: 'nothing',
  strikes: 'all',
  // At once: a store that has grown its files to their usual size writes over itself from then on, and needs no room.
  afterMs: [0, 100],
  lastsMs: 500,
  needs: mountingLacks,
  async start({ ballastPath }) {
    if (ballastPath === undefined) return { missed: 'the medium is none that can be filled up' }
    const descriptor = openSync(ballastPath, 'w')
    fill(descriptor)
    const refill = setInterval(() => fill(descriptor), refillMs)
    return {
      async heal() {
        clearInterval(refill)
        closeSync(descriptor)
        rmSync(ballastPath)
      },
    }
  },
}

/** In ever smaller pieces, until not one byte more fits. */
function fill(descriptor: number): void {
  for (const size of [65_536, 4_096, 1]) {
    const piece = Buffer.alloc(size)
    try {
      while (writeSync(descriptor, piece) === size);
    } catch {
      // No room for a piece of this size.
    }
  }
}

/** @returns why no medium can be mounted here, if none can */
export function mountingLacks(): string | undefined {
  if (process.platform !== 'linux')
    return `a medium of its own is mounted on Linux only, not on ${process.platform}`
  return process.getuid?.() === 0 ? undefined : 'only root can mount a medium of its own'
}

/**
 * Mounts a file system of so many bytes, in memory; disposing unmounts it, whoever still has files open there.
 * @throws Error with the system's reason, as in a container that may not mount
 */
export async function mountSmallDisk(bytes: number): Promise<SmallDisk> {
  const path = await mkdtemp(join(tmpdir(), 'crossworker-disk-'))
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=0700`, 'crossworker', path])
  } catch (error) {
    await rmdir(path)
    throw error
  }
  return {
    path,
    async [Symbol.asyncDispose]() {
      await run('umount', ['--lazy', path])
      await rmdir(path)
    },
  }
}
