import { type Address, type Addresses, inTurn } from './address.js'

/** Keeps the number of connections that each worker serves even. */
export interface Deal {
  /** Whether a connection to this worker may stay; one that may not is opened again, and reaches another. */
  accept(address: Address, worker: number): boolean
}

/**
 * Cluster mode hands a new connection to a worker that is free at that moment: eight of them reached four workers as 3 2 1 2 or
 * 1 3 1 3 as often as evenly. An unevenly served server is a slower one for as long as its connections live: a twin looked twice
 * as fast as its baseline for a whole launch.
 */
export function createDeal(addresses: Addresses, size: number): Deal {
  const shares = new Map(addresses.map((address) => [address, shareOf(addresses, address, size)]))
  return {
    accept(address, worker) {
      const share = shares.get(address)
      return share === undefined || grant(share, worker)
    },
  }
}

/** What is left to hand out of the connections to one address. */
interface Share {
  /** Of each worker. */
  readonly each: number
  /** So many workers have one more. */
  extra: number
  readonly given: Map<number, number>
}

function shareOf(addresses: Addresses, address: Address, size: number): Share {
  const connections = Array.from({ length: size }, (_, index) => inTurn(addresses, index))
  const own = connections.filter((one) => one === address).length
  const workers = Math.max(1, address.workers.length)
  return { each: Math.floor(own / workers), extra: own % workers, given: new Map() }
}

function grant(share: Share, worker: number): boolean {
  const had = share.given.get(worker) ?? 0
  if (had > share.each || (had === share.each && share.extra === 0)) return false
  if (had === share.each) share.extra -= 1
  share.given.set(worker, had + 1)
  return true
}
