import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { guardDirectory } from './services/guard.js'

/**
 * One directory for everything temporary of a run: whoever asks the system for a temporary directory from now on, here or in a
 * process that is started, gets one in it. A guard removes it when this process ends, however it ends: killed, or told twice.
 */
export async function openShelter(): Promise<AsyncDisposable> {
  const before = process.env.TMPDIR
  const directory = await mkdtemp(join(tmpdir(), 'crossworker-run-'))
  const guard = guardDirectory(directory)
  process.env.TMPDIR = directory
  return {
    async [Symbol.asyncDispose]() {
      if (before === undefined) delete process.env.TMPDIR
      else process.env.TMPDIR = before
      await guard.release()
    },
  }
}
