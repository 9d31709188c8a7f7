import type { Operation } from '../slices.js'

/** One task of one store, as it is kept in `micro.ndjson`. */
export interface MicroRecord {
  readonly kind: 'micro'
  readonly strategy: string
  readonly operation: Operation
  /** Live captchas in the store while it was timed. */
  readonly population: number
  readonly p50Ns: number
  readonly p99Ns: number
  readonly samples: number
  /** The clock is too coarse for this operation, in tinybench's words. */
  readonly warning?: string
}

/** A population that was not measured. */
export interface MicroGap {
  readonly kind: 'micro-gap'
  readonly strategy: string
  readonly population: number
  readonly reason: string
}

export type MicroLine = MicroRecord | MicroGap

/** Said between figures, and kept nowhere: it is still at work. */
export const aliveLine = { kind: 'alive' } as const
export type AliveLine = typeof aliveLine

/** What the harness asks one micro process for. */
export interface MicroTask {
  readonly strategy: string
  readonly module: string
  readonly populations: readonly number[]
  /** Time per operation and population, ms. */
  readonly timeMs: number
  /** A population that would take longer to issue is left out, ms. */
  readonly fillLimitMs: number
}
