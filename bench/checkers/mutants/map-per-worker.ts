import type { Strategy } from '../../../src/strategy.js'
import { mapStore } from './parts/in-map.js'

/** The mistake: the Map of a single process, kept when the server got more workers. */
const mapPerWorker: Strategy = {
  name: 'map-per-worker',
  summary: 'Captchas in a Map.',
  claims: { scope: 'host', singleUse: true, survives: 'nothing' },
  open: () => mapStore(),
}

export default mapPerWorker
