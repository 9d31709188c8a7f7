import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** What lies below a data directory. */
export interface Volume {
  readonly files: number
  readonly bytes: number
}

/** Counts what is there; what vanishes meanwhile is not. */
export async function measureVolume(dataDir: string): Promise<Volume> {
  const entries = await readdir(dataDir, { recursive: true, withFileTypes: true }).catch(() => [])
  let files = 0
  let bytes = 0
  for (const entry of entries) {
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
  dataDir: string,
  floor: Volume,
  { limitMs, wait }: { limitMs: number; wait: (ms: number) => Promise<void> },
): Promise<Volume> {
  const startedMs = performance.now()
  let volume = await measureVolume(dataDir)
  let shrunkMs = startedMs
  const isLarger = () => volume.files > floor.files || volume.bytes > floor.bytes
  while (isLarger() && performance.now() - startedMs < limitMs) {
    if (performance.now() - shrunkMs > standstillMs) break
    await wait(pollMs)
    const next = await measureVolume(dataDir)
    if (next.files < volume.files || next.bytes < volume.bytes) shrunkMs = performance.now()
    volume = next
  }
  return volume
}
