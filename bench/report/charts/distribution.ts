import { latencyCounts } from '../../histogram.js'
import type { TimingResult } from '../../results.js'

/** A share of all requests between two latencies. */
export interface Column {
  readonly fromUs: number
  readonly toUs: number
  readonly share: number
}

/** Columns of a decade: narrow enough for the shape, wide enough for a few hundred requests. */
const perDecade = 16

/**
 * How latencies are spread, in columns of equal factors. Empty where nothing was recorded.
 * @returns `undefined` of a histogram that cannot be read
 */
export function distribution({ histogram, samples }: TimingResult): readonly Column[] | undefined {
  if (samples === 0) return []
  const counts = countsOf(histogram)
  if (counts === undefined) return undefined
  const columns = new Map<number, number>()
  for (const { us, count } of counts) {
    const column = Math.floor(Math.log10(us) * perDecade)
    columns.set(column, (columns.get(column) ?? 0) + count)
  }
  const total = counts.reduce((sum, { count }) => sum + count, 0)
  return [...columns].map(([column, count]) => ({
    fromUs: 10 ** (column / perDecade),
    toUs: 10 ** ((column + 1) / perDecade),
    share: count / total,
  }))
}

function countsOf(histogram: string) {
  try {
    return latencyCounts(histogram)
  } catch {
    // Whoever rewrote results.json by hand sees a row without a drawing, and every figure.
    return undefined
  }
}
