import type { OpenSite } from './site.js'

type Where = Pick<OpenSite, 'random' | 'client'>

/**
 * A worker: one of the least crowded, drawn. Any other draw would lead every client, sooner or later, to a worker that stands
 * still, and none would be left to see what the others do meanwhile.
 */
export function anyWorker({ random, client }: Where): number {
  return leastCrowded(client, { first: Math.floor(random() * client.workers), count: client.workers })
}

/** Another worker than `worker`; itself where there is no other. */
export function elsewhere({ random, client }: Where, worker: number): number {
  const others = client.workers - 1
  if (others === 0) return worker
  const first = (worker + 1 + Math.floor(random() * others)) % client.workers
  return leastCrowded(client, { first, count: client.workers, except: worker })
}

interface Candidates {
  /** Wins when nobody is less crowded. */
  readonly first: number
  readonly count: number
  readonly except?: number
}

function leastCrowded({ crowd }: Where['client'], { first, count, except }: Candidates): number {
  let best = first
  for (let step = 1; step < count; step += 1) {
    const worker = (first + step) % count
    if (worker !== except && crowd(worker) < crowd(best)) best = worker
  }
  return best
}
