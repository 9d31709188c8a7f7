import type { History, VolumeLine } from '../history.js'
import type { Checker } from './check.js'
import { count } from './telling.js'
import { toCheck } from './verdict.js'

/** How far one measure of the volume has grown, and whether that can be told from keeping what should be gone. */
interface Growth {
  readonly grows: 'no' | 'yes' | 'undecided'
  readonly told: string
}

interface Gauge {
  readonly of: 'bytes' | 'heapBytes'
  readonly name: string
  /** What one captcha takes at the least: an id, an answer and a time, and in memory what holds them together. */
  readonly leastBytes: number
  /** What comes and goes with use: pages, caches, and at first a log that has not reached its size. */
  readonly noiseBytes: { readonly settled: number; readonly fresh: number }
}

/** SQLite's log is used again from 1,000 pages on; by then each of so many captchas has written to it, be it in groups. */
const settledCaptchas = 10_000

const gauges: readonly Gauge[] = [
  { of: 'bytes', name: 'stored bytes', leastBytes: 40, noiseBytes: { settled: 2 ** 20, fresh: 2 ** 23 } },
  { of: 'heapBytes', name: 'heap', leastBytes: 100, noiseBytes: { settled: 2 ** 20, fresh: 2 ** 20 } },
]

/** Locks, logs and the files of each worker's connection may appear with the first captcha and stay. */
const toleratedFiles = 8

/** Everything ends: what has expired and been swept takes no room any more, or room that the next captchas take again. */
export const boundedness: Checker = (history) => {
  const growths = measure(history)
  const grown = growths.filter(({ grows }) => grows === 'yes')
  const undecided = growths.filter(({ grows }) => grows === 'undecided')
  return toCheck(history, {
    name: 'boundedness',
    attempts: growths.length,
    violations: grown.map(({ told }) => ({ ops: [], tell: () => told })),
    gap: growths.length === 0 ? 'the volume was not measured before and after' : undecided[0]?.told,
    remarks: growths.filter(({ grows }) => grows === 'no').map(({ told }) => told),
  })
}

/** Where memory is measured, the medium is not: a store filled by one process alone, as fast as it takes, leaves files as big as may be. */
function measure({ volumes }: History): readonly Growth[] {
  const start = volumes.find(({ when }) => when === 'start')
  const end = volumes.findLast(({ when }) => when === 'end')
  if (start === undefined || end === undefined) return []
  return [
    fileGrowth(start, end),
    ...recordGrowth(start, end),
    ...gauges.flatMap((gauge) =>
      byteGrowth(
        gauge,
        volumes.filter((line) => gauge.of === (line.heapBytes === undefined ? 'bytes' : 'heapBytes')),
      ),
    ),
  ]
}

function fileGrowth(start: VolumeLine, end: VolumeLine): Growth {
  const more = end.files - start.files
  return {
    grows: more > toleratedFiles ? 'yes' : 'no',
    told: `${count(start.files)} files before, ${count(end.files)} after ${count(end.captchas)} captchas had ended`,
  }
}

/** What an engine has not removed yet when the last count is taken: a few, or a small share. */
const toleratedRecords = { fewest: 8, share: 0.05 }

/** Keys and rows are counted, not weighed: one round is enough to tell. */
function recordGrowth(start: VolumeLine, end: VolumeLine): readonly Growth[] {
  if (start.records === undefined || end.records === undefined) return []
  const more = end.records - start.records
  const tolerated = Math.max(
    toleratedRecords.fewest,
    toleratedRecords.share * (end.captchas - start.captchas),
  )
  const told = `${count(start.records)} records in the engine before, ${count(end.records)} after ${count(end.captchas)} captchas had ended`
  return [{ grows: more > tolerated ? 'yes' : 'no', told }]
}

/**
 * Compared with what a round of captchas takes while it lives: a store that keeps them grows by all of that, one that
 * does not by little. A database does not give its file back but uses it again, so where there were two rounds, growth is
 * what the second added to what the first had left; one round alone can acquit the medium and not convict it. Memory is
 * given back to the collector, so for it one round is enough.
 */
function byteGrowth(
  { of, name, leastBytes, noiseBytes }: Gauge,
  lines: readonly VolumeLine[],
): readonly Growth[] {
  const [start, full] = (['start', 'full'] as const).map((when) => lines.find((line) => line.when === when))
  const [end, before] = lines.filter(({ when }) => when === 'end').reverse()
  if (start === undefined || full === undefined || end === undefined) return []
  const base = before ?? start
  const [from = 0, to = 0] = [base[of], end[of]]
  const grown = to - from
  const round = Math.max((full[of] ?? 0) - (start[of] ?? 0), leastBytes * (end.captchas - base.captchas))
  const noise = base.captchas < settledCaptchas ? noiseBytes.fresh : noiseBytes.settled
  const isProof = before !== undefined || of === 'heapBytes'
  const told = `${name}: ${kib(grown)} more after ${before === undefined ? 'one round' : 'a second round'}, of the ${kib(round)} a round takes`
  if (grown <= round / 4) return [{ grows: 'no', told }]
  if (isProof && grown > round / 4 + noise) return [{ grows: 'yes', told }]
  return [
    { grows: 'undecided', told: `${told}: ${isProof ? 'too little to tell' : 'a second round would tell'}` },
  ]
}

function kib(bytes: number): string {
  return `${count(Math.round(bytes / 1_024))} KiB`
}
