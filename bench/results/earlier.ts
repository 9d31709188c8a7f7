import { type Static, Type } from 'typebox'
import { literals, nullable, number, object } from './schema.js'

const verdict = () => literals('faster', 'slower', 'equivalent', 'inconclusive')

/** This run ÷ the earlier one: above 1 is better for throughput, below 1 for the others. */
const Change = object({
  strategy: Type.String(),
  operation: literals('write', 'read', 'take'),
  source: literals('client', 'store'),
  metric: literals('throughput', 'p50Us', 'p99Us', 'cpuUsPerOp'),
  /** The figures as each run tells them; the ratio is that of the typical slices, or for p99 of the typical launches. */
  before: nullable(number()),
  after: nullable(number()),
  value: number(),
  low: number(),
  high: number(),
  verdict: verdict(),
  /** The same of the ratios to the baseline, each paired within its run: what disturbed a whole run cancels out. */
  ratio: Type.Optional(object({ value: number(), low: number(), high: number(), verdict: verdict() })),
})

/** What `--baseline` named, beside this run. The two are not paired. */
export const Earlier = object({
  run: object({ id: Type.String(), startedAt: Type.String(), command: Type.String() }),
  /** Of machine and settings, as sentences; any of them took `--baseline-anyway`. */
  differences: Type.Array(Type.String()),
  changes: Type.Array(Change),
})

export type EarlierResult = Static<typeof Earlier>
export type ChangeResult = Static<typeof Change>
