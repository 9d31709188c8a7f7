import type { TimeSpent } from '../report/floor.js'
import type { TimingRecord } from '../slices.js'

/** Pure. `undefined` of a run that did not come to its end, whose time nobody knows. */
export function timeSpent(records: readonly TimingRecord[]): TimeSpent | undefined {
  const end = records.find((record) => record.kind === 'end')
  if (end === undefined) return undefined
  const warmUps = records.filter((record) => record.kind === 'warm-up')
  const slices = records.filter((record) => record.kind === 'slice')
  const totalMs = end.timingSeconds * 1_000
  const startingMs = sum(warmUps.map(({ startMs }) => startMs))
  const warmingMs = sum(warmUps.flatMap(({ arms }) => Object.values(arms).map(({ wallMs }) => wallMs)))
  const slicesMs = sum(slices.filter(({ block }) => block >= 0).map(({ wallMs }) => wallMs))
  const restMs = totalMs - startingMs - warmingMs - slicesMs
  return { runMs: end.wallSeconds * 1_000, totalMs, startingMs, warmingMs, slicesMs, restMs }
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
