import type { Strategy } from '../../../src/strategy.js'
import { jsonFileStore } from './parts/json-file.js'

/**
 * The mistake: each worker puts its own changes in order and nobody orders the workers. Two that load the same file
 * install one after the other, and the second install undoes the first.
 */
const lostUpdate: Strategy = {
  name: 'lost-update',
  summary: 'One JSON file, read, changed and replaced; changes wait in a queue for one another.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  open: ({ dataDir }) => jsonFileStore(dataDir, { slowMs: 3 }),
}

export default lostUpdate
