import type { Strategy } from '../../../../src/strategy.js'
import { inPrimary } from '../parts/in-primary.js'
import { jsonFileStore } from '../parts/json-file.js'

/** Sound: one process loads, changes and replaces the file, one commit after another; no lock to get wrong. */
const jsonInPrimary: Strategy = {
  name: 'json-in-primary',
  summary: 'One JSON file, replaced by the primary alone.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  ...inPrimary(({ dataDir }) => jsonFileStore(dataDir)),
}

export default jsonInPrimary
