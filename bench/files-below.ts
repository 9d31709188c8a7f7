import type { Dirent } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Paths of the files and directories below a directory that a store works in. What vanishes while it is listed is left out, as a
 * lock or a swept bucket does, and nothing else with it: `readdir` with `recursive` rejects as a whole then.
 */
export async function entriesBelow(directory: string): Promise<readonly Dirent[]> {
  const own = await readdir(directory, { withFileTypes: true }).catch((): Dirent[] => [])
  const below = own
    .filter((entry) => entry.isDirectory())
    .map((entry) => entriesBelow(join(directory, entry.name)))
  return [...own, ...(await Promise.all(below)).flat()]
}
