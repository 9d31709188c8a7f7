import { closeSync, fsyncSync, openSync } from 'node:fs'

/** Waits until the names in a directory are on the disk, as fsync of a file does for its contents. */
export function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}
