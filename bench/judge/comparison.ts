import type { ComparisonPlan, PairPlan } from '../plan.js'
import type { ComparisonResult, Metric, PairResult, PairRow } from '../results.js'
import { type Operation, operations } from '../slices.js'
import { cellKey, compare, type Estimated, type Source } from './ratios.js'

/** A version's own, beside which the ratio stands. */
export type Figures = Readonly<Record<Metric, number | null>>

type OperationResult = PairResult['operations'][number]

/** What an operation is judged by; the other metrics show where the time went. */
const judged = ['throughput', 'p50Us', 'cpuUsPerOp'] as const

/** Pure: what head ÷ base came to, strategy by strategy. All of it is one family for Holm's adjustment, but for the twin. */
export function judgeComparison(
  plan: ComparisonPlan,
  estimates: ReadonlyMap<string, Estimated>,
  figuresOf: (arm: string, operation: Operation, source: Source) => Figures,
): ComparisonResult {
  const { base, head, added, maxSlowdown, pairs } = plan
  const heads = new Set(pairs.map((pair) => pair.head))
  const compared = [...estimates.values()].filter(({ cell }) => heads.has(cell.arm))
  const ratios = compare(compared)
  const known = new Map<string, Figures>()

  function rowsOf(pair: PairPlan): PairRow[] {
    return compared.flatMap(({ cell }) => {
      const ratio = ratios.get(cellKey(cell))
      if (cell.arm !== pair.head || ratio === undefined) return []
      const { baseline: _known, metric: _too, ...rest } = ratio
      const { operation, source, metric } = cell
      const own = (arm: string) => figures(arm, operation, source)[metric]
      return [{ operation, source, metric, base: own(pair.base), head: own(pair.head), ...rest }]
    })
  }

  /** Kept: a row is asked for one metric after another. */
  function figures(arm: string, operation: Operation, source: Source): Figures {
    const key = `${arm} ${operation} ${source}`
    const found = known.get(key) ?? figuresOf(arm, operation, source)
    known.set(key, found)
    return found
  }

  return {
    base: { ...base },
    head: { ...head },
    pairs: pairs.map((pair) => {
      const rows = rowsOf(pair)
      return { strategy: pair.head, base: pair.base, rows, operations: wordsOf(rows, maxSlowdown) }
    }),
    added: [...added],
    ...(maxSlowdown !== undefined && { maxSlowdown }),
  }
}

function wordsOf(rows: readonly PairRow[], maxSlowdown: number | undefined): OperationResult[] {
  return operations.flatMap((operation) => {
    const own = decisive(rows, operation)
    if (own.length === 0) return []
    const limit = maxSlowdown === undefined ? {} : { limit: heldAgainst(own, maxSlowdown) }
    return [{ operation, verdict: together(own.map(({ verdict }) => verdict)), ...limit }]
  })
}

/**
 * In a closed loop the time per request is what throughput says, of all requests; the median of some adds nothing. An open loop has
 * no throughput of its own, so there it is the median.
 */
function decisive(rows: readonly PairRow[], operation: Operation): readonly PairRow[] {
  const own = rows.filter((row) => row.operation === operation && row.source === 'client')
  const isClosed = own.some(({ metric }) => metric === 'throughput')
  return own.filter(({ metric }) => judged.some((one) => one === metric) && !(isClosed && metric === 'p50Us'))
}

/** One that is slower outweighs one that is faster: who trades the one for the other should see it. */
function together(verdicts: readonly PairRow['verdict'][]): PairRow['verdict'] {
  for (const word of ['slower', 'faster'] as const) if (verdicts.includes(word)) return word
  return verdicts.every((word) => word === 'equivalent') ? 'equivalent' : 'inconclusive'
}

/** Broken only when it is slower beyond chance and the whole interval lies beyond the limit; kept when none of it does. */
function heldAgainst(rows: readonly PairRow[], maxSlowdown: number): 'kept' | 'broken' | 'undecided' {
  const most = 1 + maxSlowdown
  const slowdowns = rows.map(({ metric, low, high, verdict }) => ({
    isSlower: verdict === 'slower',
    ...(metric === 'throughput' ? { low: 1 / high, high: 1 / low } : { low, high }),
  }))
  if (slowdowns.some(({ isSlower, low }) => isSlower && low > most)) return 'broken'
  return slowdowns.every(({ high }) => high <= most) ? 'kept' : 'undecided'
}
