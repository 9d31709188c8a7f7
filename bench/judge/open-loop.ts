import { mergeLatencies } from '../histogram.js'
import type { OpenLoopResult } from '../results.js'
import type { SliceRecord } from '../slices.js'
import { median } from '../statistics.js'

/** Of a strategy that never sent a larger share, a slice now and then was disturbed. */
const mayDrop = 0.01

/**
 * Pure: whether latencies of an arm's slices compare with another's; always in a closed loop. What was dropped waited longest
 * and is in no figure; and whoever drops writes has fewer captchas to take, a shorter schedule and so a shorter queue: of two
 * arms under 50 000 requests/s the slower one looked faster.
 */
export function keepsPace(slices: readonly SliceRecord[]): boolean {
  const paced = slices.flatMap(({ openLoop }) => openLoop ?? [])
  const dropped = paced.reduce((sum, slice) => sum + slice.dropped, 0)
  const due = paced.reduce((sum, slice) => sum + slice.sent + slice.dropped, 0)
  return dropped <= mayDrop * due
}

/** Pure: how the slices of one row kept their pace. */
export function judgeOpenLoop(slices: readonly SliceRecord[], rate: number): Omit<OpenLoopResult, 'kept'> {
  const paced = slices.flatMap(({ openLoop }) => openLoop ?? [])
  const total = (of: (slice: (typeof paced)[number]) => number) =>
    paced.reduce((sum, slice) => sum + of(slice), 0)
  const uncorrected = mergeLatencies(paced.map((slice) => slice.uncorrected))
  const lagsUs = paced.flatMap(({ pacerLagP99Us }) => pacerLagP99Us ?? [])
  return {
    rate,
    achieved: achieved(slices),
    sent: total(({ sent }) => sent),
    late: total(({ late }) => late),
    dropped: total(({ dropped }) => dropped),
    pacerLagP99Us: lagsUs.length === 0 ? null : median(lagsUs),
    uncorrected: {
      p50Us: uncorrected.quantileUs(0.5),
      p90Us: uncorrected.quantileUs(0.9),
      p99Us: uncorrected.tailUs(0.99),
      p999Us: uncorrected.tailUs(0.999),
      maxUs: uncorrected.maxUs(),
    },
  }
}

/** Over all slices and not the median one: a stall in one of ten is what an open loop is there to show. */
function achieved(slices: readonly SliceRecord[]): number | null {
  const ms = slices.reduce((sum, { windowMs }) => sum + windowMs, 0)
  const answers = slices.reduce((sum, { throughput, windowMs }) => sum + (throughput * windowMs) / 1_000, 0)
  return ms > 0 ? (answers / ms) * 1_000 : null
}
