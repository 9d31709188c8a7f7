import { createWriteStream, renameSync } from 'node:fs'
import type { Strategy } from '../../../src/strategy.js'
import { inPrimary } from './parts/in-primary.js'
import { jsonFileStore } from './parts/json-file.js'

/** The mistake: a stream's close comes after an error too, so a file cut short by a full disk is renamed into place. */
const shortWrite: Strategy = {
  name: 'short-write',
  summary:
    'One JSON file, streamed beside its place by the primary and moved there when the stream has closed.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  ...inPrimary(({ dataDir }) =>
    jsonFileStore(dataDir, {
      async install(path, text) {
        const temporary = `${path}.tmp`
        await stream(temporary, text)
        renameSync(temporary, path)
      },
    }),
  ),
}

function stream(path: string, text: string): Promise<void> {
  return new Promise((resolve) => {
    const file = createWriteStream(path)
    file.on('error', () => undefined)
    file.on('close', resolve)
    file.end(text)
  })
}

export default shortWrite
