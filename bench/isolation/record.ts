import type { Topology } from '../../src/strategy.js'

/** What became of the other workers when one crashed. */
export interface Crash {
  /** `throw`: an exception nobody caught; `die`: the process is killed, as by a fault in native code. */
  readonly how: 'throw' | 'die'
  /** Workers that were not told to crash, and those of them whose open connection answered afterwards. */
  readonly others: number
  readonly unharmed: number
}

/** Workers seen from outside, of one topology. */
export interface Isolation {
  readonly topology: Topology
  readonly workers: number
  readonly crashes: readonly Crash[]
  /** CPU time per time while all workers computed at once: how many cores they used. `null` where the system does not tell. */
  readonly coresUsed: number | null
  /** Open connections of all workers, and those that are in the descriptor tables of several. `null` likewise. */
  readonly connections: { readonly open: number; readonly shared: number } | null
}
