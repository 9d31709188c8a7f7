import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import { createGunzip } from 'node:zlib'

/**
 * Reads records we have written ourselves, one JSON value a line, compressed where the name ends in `.gz`. The last line may be
 * torn: its writer was killed, and what came before it is sound.
 * @throws Error when any other line is not JSON, or the file cannot be read
 */
export async function readNdjson<T>(path: string): Promise<readonly T[]> {
  const records: T[] = []
  const file = createReadStream(path)
  const input = path.endsWith('.gz') ? file.pipe(createGunzip()) : file
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })
  let torn = false
  for await (const line of lines) {
    if (torn)
      throw new Error(
        `${path}: expected a JSON record in each line, got something else in line ${records.length + 1}`,
      )
    try {
      if (line !== '') records.push(JSON.parse(line))
    } catch {
      torn = true
    }
  }
  return records
}
