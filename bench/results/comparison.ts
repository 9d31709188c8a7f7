import { type Static, Type } from 'typebox'
import { literals, nullable, number, object, share } from './schema.js'

const verdicts = literals('faster', 'slower', 'equivalent', 'inconclusive')

const Row = object({
  operation: literals('write', 'read', 'take'),
  source: literals('client', 'store'),
  metric: literals('throughput', 'p50Us', 'p99Us', 'cpuUsPerOp'),
  /** The two versions' own figures; only their ratio, below, is paired by block. */
  base: nullable(number()),
  head: nullable(number()),
  /** head ÷ base of the same block: above 1 is better for throughput, below 1 for the others */
  value: number(),
  low: number(),
  high: number(),
  verdict: verdicts,
  /** Smallest relative difference this run could have told from none; 0.05 is 5 %. */
  detectable: number(),
})

const Pair = object({
  strategy: Type.String(),
  /** Name of the base's arm in the run's raw files. */
  base: Type.String(),
  /** Why the base's measurement is incomplete. */
  failed: Type.Optional(Type.String()),
  rows: Type.Array(Row),
  /** Each operation in one word, by its time and its CPU time per request. */
  operations: Type.Array(
    object({
      operation: literals('write', 'read', 'take'),
      verdict: verdicts,
      /** Whether it is slower than the limit allows; absent where none was set. */
      limit: Type.Optional(literals('kept', 'broken', 'undecided')),
    }),
  ),
})

/** Two versions of each strategy, in the same blocks of one run; the twin is the base of the first pair once more. */
export const Comparison = object({
  base: object({ ref: Type.String(), commit: Type.String() }),
  /** Its commit, and whether the working copy differed from it. */
  head: object({ commit: Type.String(), isChanged: Type.Boolean() }),
  pairs: Type.Array(Pair),
  /** Strategies that the base lacks. */
  added: Type.Array(Type.String()),
  /** As a share of the base's time per request. */
  maxSlowdown: Type.Optional(share()),
})

export type ComparisonResult = Static<typeof Comparison>
export type PairResult = ComparisonResult['pairs'][number]
export type PairRow = PairResult['rows'][number]

/** Whether every operation of both versions was measured to the end. */
export function isCompared({ failed, operations }: PairResult): boolean {
  return failed === undefined && operations.length === 3
}
