import {
  type Metric,
  type RatioResult,
  type Results,
  type StrategyResult,
  type TimingResult,
  timingRow,
} from '../results.js'
import type { Operation } from '../slices.js'
import { formats } from './shown.js'

/** What is compared: one metric of one operation as one clock saw it. */
export interface Compared {
  readonly operation: Operation
  readonly source: TimingResult['source']
  readonly metric: Metric
}

type Against = Pick<RatioResult, 'value' | 'low' | 'high' | 'verdict'>

const itself: Against = { value: 1, low: 1, high: 1, verdict: 'equivalent' }

/** An interval inside ±5 % is practically the same, as in the judge's own verdicts. */
const margin = 0.05

/**
 * A strategy against any baseline. All were compared with the run's own baseline, so against another one the ratio is a
 * quotient of two, which errs at most as both together: the halves of their intervals are added as logs, so that it is never
 * too narrow, and mostly too wide. Its verdict reads the interval alone; nobody adjusted it for the number of comparisons.
 * @returns `undefined` where one of the two was not compared
 */
export function against(
  results: Results,
  strategy: StrategyResult,
  baseline: StrategyResult,
  compared: Compared,
): Against | undefined {
  if (strategy === baseline) return isMeasured(strategy, compared) ? itself : undefined
  const above = ownRatio(results, strategy, compared)
  const below = ownRatio(results, baseline, compared)
  if (above === undefined || below === undefined) return undefined
  return baseline.name === results.run.baseline ? above : quotient(above, below, compared.metric)
}

/** As the page shows it, with the mark of its verdict. */
export function againstText(
  results: Results,
  strategy: StrategyResult,
  baseline: StrategyResult,
  compared: Compared,
): string {
  const found = against(results, strategy, baseline, compared)
  if (found === undefined) return '–'
  return found === itself ? '1' : formats.ratioAndVerdict({ ...found, ...unread })
}

const unread = { baseline: '', metric: 'throughput', detectable: 0 } as const

function isMeasured({ timing }: StrategyResult, { operation, source }: Compared): boolean {
  return (timingRow(timing, operation, source)?.slices ?? 0) > 0
}

function ownRatio(
  { run }: Results,
  strategy: StrategyResult,
  { operation, source, metric }: Compared,
): Against | undefined {
  const row = timingRow(strategy.timing, operation, source)
  if (row === undefined || row.slices === 0) return undefined
  if (strategy.name === run.baseline) return itself
  return row.ratios.find((ratio) => ratio.metric === metric)
}

function quotient(above: Against, below: Against, metric: Metric): Against {
  const [value, low, high] = [above.value / below.value, above.low / below.high, above.high / below.low]
  return { value, low, high, verdict: verdictOf(low, high, metric) }
}

function verdictOf(low: number, high: number, metric: Metric): RatioResult['verdict'] {
  if (low >= 1 / (1 + margin) && high <= 1 + margin) return 'equivalent'
  if (low <= 1 && high >= 1) return 'inconclusive'
  return low > 1 === (metric === 'throughput') ? 'faster' : 'slower'
}
