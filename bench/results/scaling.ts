import { type Static, type TSchema, Type } from 'typebox'
import { count, literals, nullable, number, object } from './schema.js'

/** What the scaling study found. */

/** What is typical of a size, with its 95 % interval; `null` of fewer than two slices. */
const Typical = nullable(object({ value: number(), low: number(), high: number() }))

/** k in cost ∝ sizeᵏ with its 95 % interval, over all sizes and between the two largest alone, where a bend shows. */
const Growth = nullable(
  object({
    exponent: number(),
    low: number(),
    high: number(),
    lastStep: object({ from: number(), to: number(), exponent: number(), low: number(), high: number() }),
  }),
)

export type ScalingMetric = 'throughput' | 'clientP50Us' | 'storeP50Us' | 'cpuUsPerOp'

const byScalingMetric = <T extends TSchema>(schema: T) =>
  object({ throughput: schema, clientP50Us: schema, storeP50Us: schema, cpuUsPerOp: schema })

const ScalingSweep = object({
  sweep: literals('workers', 'population', 'connections'),
  operation: literals('write', 'read', 'take'),
  points: Type.Array(
    object({
      size: count(),
      /** Captchas alive while it was measured, on average. */
      live: number(),
      slices: count(),
      voidSlices: count(),
      typical: byScalingMetric(Typical),
      /** The generator's event-loop utilisation in the median slice; near 1 it measured the generator. */
      generatorUtilisation: number(),
    }),
  ),
  growth: byScalingMetric(Growth),
})

export const Scaling = object({
  sweeps: Type.Array(ScalingSweep),
  /** Cells that were not measured, or not to the end. */
  gaps: Type.Array(
    object({ workers: count(), connections: count(), population: count(), reason: Type.String() }),
  ),
})

export type ScalingResult = Static<typeof Scaling>
export type ScalingSweepResult = Static<typeof ScalingSweep>
export type GrowthResult = NonNullable<Static<typeof Growth>>
