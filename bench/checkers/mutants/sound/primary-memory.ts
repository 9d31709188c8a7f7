import type { Strategy } from '../../../../src/strategy.js'
import { mapStore } from '../parts/in-map.js'
import { inPrimary } from '../parts/in-primary.js'

/** Sound: one thread owns the Map and answers each request in one go. It ends with the primary and claims no more. */
const primaryMemory: Strategy = {
  name: 'primary-memory',
  summary: 'One Map in the primary, asked by messages.',
  claims: { scope: 'host', singleUse: true, survives: 'worker-crash' },
  ...inPrimary(() => mapStore()),
}

export default primaryMemory
