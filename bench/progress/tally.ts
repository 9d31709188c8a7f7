import { percent } from '../report/format.js'
import { type Operation, operations, type SliceRecord } from '../slices.js'
import { quantile } from '../statistics.js'

/** One arm and the arm it is compared with, under the name a reader knows. */
export interface Contest {
  readonly name: string
  readonly arm: string
  readonly against: string
}

/** First estimates while a run goes on; the judge's, afterwards, know of launches as well, and are adjusted. */
export interface Tally {
  /** Costs next to nothing: it is called while servers run. */
  add(slice: SliceRecord): void
  /** Pairs up what the block had. */
  endBlock(): void
  /** One line a contest, of those that have something to show. */
  lines(): readonly string[]
}

/** Fewer blocks have no quartiles to speak of. */
const fewestBlocks = 4

/** Pure: slices in, lines out. `figure` is throughput, or in an open loop the median latency. */
export function createTally(
  contests: readonly Contest[],
  figure: (slice: SliceRecord) => number | null = ({ throughput }) => throughput,
): Tally {
  const block = new Map<string, number>()
  const logs = new Map<string, number[]>()
  const width = Math.max(0, ...contests.map(({ name }) => name.length))

  function pairUp({ name, arm, against }: Contest): void {
    for (const operation of operations) {
      const [mine, theirs] = [block.get(`${arm} ${operation}`), block.get(`${against} ${operation}`)]
      if (!mine || !theirs) continue
      const known = logs.get(`${name} ${operation}`) ?? []
      known.push(Math.log(mine / theirs))
      logs.set(`${name} ${operation}`, known)
    }
  }

  function told(name: string, operation: Operation): readonly string[] {
    const found = logs.get(`${name} ${operation}`) ?? []
    return found.length < fewestBlocks ? [] : [`${operation} ${estimated(found)}`]
  }

  return {
    add(slice) {
      const value = slice.void === undefined ? figure(slice) : null
      if (value) block.set(`${slice.arm} ${slice.operation}`, value)
    },
    endBlock() {
      contests.forEach(pairUp)
      block.clear()
    },
    lines: () =>
      contests.flatMap(({ name }) => {
        const cells = operations.flatMap((operation) => told(name, operation))
        return cells.length === 0
          ? []
          : [`  ${name.padEnd(width)}  ${cells.map((cell) => cell.padEnd(20)).join(' ')}`.trimEnd()]
      }),
  }
}

/**
 * The median and how far it may be off: 1.57 interquartile ranges ÷ √n, the notch of a box plot (McGill, Tukey and Larsen 1978),
 * which two sorted quartiles give at once.
 */
function estimated(logs: readonly number[]): string {
  const sorted = logs.toSorted((a, b) => a - b)
  const spread = (1.57 * (quantile(sorted, 0.75) - quantile(sorted, 0.25))) / Math.sqrt(sorted.length)
  return `${Math.exp(quantile(sorted, 0.5)).toFixed(2)} ±${percent(Math.expm1(spread))}`
}
