import { writeFile } from 'node:fs/promises'
import type { Strategy } from '../../../src/strategy.js'
import { inPrimary } from './parts/in-primary.js'
import { jsonFileStore } from './parts/json-file.js'

/** The mistake: the file is written in place, so it is empty first, and stays so when the process dies there. */
const tornWrite: Strategy = {
  name: 'torn-write',
  summary: 'One JSON file, written by the primary alone.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  ...inPrimary(({ dataDir }) => jsonFileStore(dataDir, { install: (path, text) => writeFile(path, text) })),
}

export default tornWrite
