import { type Static, Type } from 'typebox'
import { durabilities, rungs } from '../checkers/rungs.js'
import { literals, number, object } from './schema.js'

/** `metric` of the one ÷ that of the other, with the ends of its interval. */
const Ratio = object({
  operation: literals('write', 'take'),
  metric: literals('throughput', 'cpuUsPerOp'),
  value: number(),
  low: number(),
  high: number(),
})

/** The cheapest strategy that was seen to keep a promise of at least so much. */
export const Recommendation = object({
  scope: literals(...rungs),
  survives: literals(...durabilities),
  strategy: Type.String(),
  /** Those whose cost this run cannot tell from it, cheapest first. */
  ties: Type.Array(Type.String()),
  /** What it was chosen by: CPU time per operation ÷ the baseline's, the geometric mean of one write, one read and one take. */
  cost: object({ value: number(), low: number(), high: number() }),
  /** strategy ÷ baseline, as in its timing. */
  ratios: Type.Array(Ratio),
  /** Checks that every store owes and that were not exercised on this one, or not enough to tell. */
  unexercised: Type.Array(Type.String()),
})

const Place = object({ scope: literals(...rungs), strategy: Type.String() })

/** What it costs that a captcha be correct on the next rung too. */
export const RungStep = object({
  survives: literals(...durabilities),
  from: Place,
  to: Place,
  /** The recommendation for the wider rung ÷ that for the narrower. */
  ratios: Type.Array(Ratio),
})

export type Recommendation = Static<typeof Recommendation>
export type RungStep = Static<typeof RungStep>
export type RecommendedRatio = Static<typeof Ratio>
