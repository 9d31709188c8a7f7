import type { SliceRecord } from '../slices.js'

/** A slice whose generator was busier than this measured the generator. */
const saturated = 0.98

/** A slice in which the host took more than this share of the machine's time away was disturbed. */
const heavySteal = 0.1

/** A pacer later than this puts a delay of its own into the tail. */
const heavyLagUs = 1_000

/** Pure: what a reader should know of a run's slices before he believes its figures. */
export function flagsOf(slices: readonly SliceRecord[]): string[] {
  const share = (which: (slice: SliceRecord) => boolean) => slices.filter(which).length
  // Under a pace the generator spins for the next due time: how busy it was says nothing, how late it was does.
  const busy = share((slice) => slice.openLoop === undefined && slice.generatorUtilisation > saturated)
  const lagging = share(({ openLoop }) => (openLoop?.pacerLagP99Us ?? 0) > heavyLagUs)
  const stolen = share(({ steal }) => steal !== null && steal > heavySteal)
  const voided = share((slice) => slice.void !== undefined)
  const flag = (count: number, what: string) =>
    count > 0 ? [`${count} of ${slices.length} slices: ${what}`] : []
  return [
    ...flag(busy, `the generator was more than ${saturated * 100} % busy`),
    ...flag(lagging, 'the pacer itself sent one request in a hundred more than 1 ms late'),
    ...flag(stolen, `the machine's host took more than ${heavySteal * 100} % of the CPU time`),
    ...flag(voided, 'void, left out of every figure'),
  ]
}
