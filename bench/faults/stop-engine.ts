import type { RunningEngine } from '../services.js'
import { type Fault, type Target, usualAfterMs } from './fault.js'

/** The engine is stopped in good order, is away for a while, and comes back with what it had: what an upgrade does. */
export const stopEngine: Fault = {
  name: 'stop-engine',
  of: 'engine',
  loses: 'restart',
  strikes: 'all',
  afterMs: usualAfterMs,
  lastsMs: 1_000,
  needs: () => undefined,
  start: (target) => strikeEngines(target, { strike: (own) => own.stop(), heal: (own) => own.start() }),
}

type Own = NonNullable<RunningEngine['own']>

interface Blow {
  strike(own: Own): Promise<void>
  heal(own: Own): Promise<void>
}

/** All of a strategy's engines at once; nobody else's. */
export async function strikeEngines({ engines }: Target, { strike, heal }: Blow) {
  const foreign = engines.find(({ own }) => own === undefined)
  if (foreign !== undefined)
    return { missed: `the ${foreign.engine} at the address that was given is not ours to be stopped` }
  const owned = engines.flatMap(({ own }) => own ?? [])
  await Promise.all(owned.map(strike))
  return { heal: async () => void (await Promise.all(owned.map(heal))) }
}
