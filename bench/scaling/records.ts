import type { SliceRecord } from '../slices.js'
import type { ScalingPhase } from './plan.js'

/** Where a record of the scaling study belongs. */
interface Place {
  readonly strategy: string
  readonly workers: number
  readonly connections: number
  /** Live captchas as planned. */
  readonly population: number
}

/** One slice of one cell, as it is kept in `scaling.ndjson`: its medians, without the histograms they were found in. */
export interface ScalingSlice
  extends Place,
    Omit<SliceRecord, 'kind' | 'launch' | 'arm' | 'client' | 'store' | 'pairs' | 'witness'> {
  readonly kind: 'scaling'
  readonly phase: ScalingPhase['name']
  /** Captchas alive while it ran, on average: writes add to them, takes remove them. */
  readonly live: number
}

/** A cell that was not measured, or not to the end. */
export interface ScalingGap extends Place {
  readonly kind: 'scaling-gap'
  readonly reason: string
}

export type ScalingLine = ScalingSlice | ScalingGap
