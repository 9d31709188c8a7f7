import { lstat } from 'node:fs/promises'
import { join } from 'node:path'
import { entriesBelow } from '../files-below.js'

/** What a store keeps: below its data directory, and in its network engines. */
export interface Volume {
  readonly files: number
  readonly bytes: number
  /** Keys or rows; absent without an engine. */
  readonly records?: number
}

/** Counts what is there; what vanishes meanwhile is not. */
export async function measureVolume(dataDir: string): Promise<Volume> {
  let files = 0
  let bytes = 0
  for (const entry of await entriesBelow(dataDir)) {
    if (!entry.isFile()) continue
    const stat = await lstat(join(entry.parentPath, entry.name)).catch(() => undefined)
    if (stat === undefined) continue
    files += 1
    bytes += stat.size
  }
  return { files, bytes }
}

/** A store that has not begun to shrink for this long will not: sweeps come every second. */
const standstillMs = 2_500

const pollMs = 200

/** Waits until it has shrunk to `floor`, no longer shrinks, or the time is up; the last count. */
export async function settledVolume(
  measure: () => Promise<Volume>,
  floor: Volume,
  { limitMs, wait }: { limitMs: number; wait: (ms: number) => Promise<void> },
): Promise<Volume> {
  const startedMs = performance.now()
  let volume = await measure()
  let shrunkMs = startedMs
  while (isSmaller(floor, volume) && performance.now() - startedMs < limitMs) {
    if (performance.now() - shrunkMs > standstillMs) break
    await wait(pollMs)
    const next = await measure()
    if (isSmaller(next, volume)) shrunkMs = performance.now()
    volume = next
  }
  return volume
}

/** In one way at least. */
function isSmaller(one: Volume, other: Volume): boolean {
  return one.files < other.files || one.bytes < other.bytes || (one.records ?? 0) < (other.records ?? 0)
}
