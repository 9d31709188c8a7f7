import { type Static, Type } from 'typebox'
import { literals, nullable, number, object } from './schema.js'

export const operators = ['>', '>=', '<', '<='] as const

/** What a figure is counted in: µs, requests per second, a quotient, a share from 0 to 1, a number of things. */
export const units = ['us', 'perSecond', 'ratio', 'share', 'count'] as const

/** A condition of `--fail-on`, held against one strategy. */
export const GateResult = object({
  /** As it was given; `all` has a row for every strategy it is about. */
  gate: Type.String(),
  strategy: Type.String(),
  path: Type.String(),
  operator: literals(...operators),
  limit: number(),
  unit: literals(...units),
  value: nullable(number()),
  /** 95 %; a count is its own interval. `null` where it was not measured, or too little for one. */
  interval: nullable(object({ low: number(), high: number() })),
  /** `broken` and `held`: the whole interval lies on that side of the limit. */
  verdict: literals('broken', 'held', 'undecided', 'unmeasured'),
  /** Why it is undecided or unmeasured, where its figures do not say so. */
  reason: Type.Optional(Type.String()),
})

export type GateResult = Static<typeof GateResult>
