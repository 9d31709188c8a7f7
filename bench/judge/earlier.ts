import { differencesOf, type EarlierRun } from '../earlier.js'
import {
  type ChangeResult,
  type EarlierResult,
  isQueue,
  isTold,
  type Metric,
  metrics,
  type Results,
  type TimingResult,
} from '../results.js'
import { verdict } from '../statistics.js'

type EarlierRow = NonNullable<EarlierRun['strategies'][number]['timing']>[number]
type Interval = { readonly low: number; readonly high: number }
type Quotient = Interval & { readonly value: number }

/**
 * Pure: this run ÷ an earlier one, of every figure both have an interval for. They are not paired, so each change is told
 * twice: of the figure itself, and of its ratio to the baseline, which each run has paired by block, so that a machine that
 * was slower that day is in both and cancels out.
 */
export function compareRuns(
  results: Pick<Results, 'run' | 'environment' | 'strategies'>,
  then: EarlierRun,
): EarlierResult {
  const isOpen = (results.run.rate ?? then.run.rate) !== undefined
  const sharesBaseline = results.run.baseline === then.run.baseline
  const found = results.strategies.flatMap(({ name, timing = [] }) => {
    const earlier = then.strategies.find((strategy) => strategy.name === name)?.timing ?? []
    return timing.flatMap((row) => {
      const old = earlier.find((one) => one.operation === row.operation && one.source === row.source)
      if (old === undefined) return []
      return metrics
        .filter((metric) => isTold(row.source, metric, isOpen))
        .filter((metric) => !isQueue(row, metric) && !isQueue(old, metric))
        .flatMap((metric) => changeOf(name, metric, row, old, sharesBaseline))
    })
  })
  const { id, startedAt, command } = then.run
  return {
    run: { id, startedAt, command },
    differences: differencesOf(results, then),
    changes: found,
  }
}

function changeOf(
  strategy: string,
  metric: Metric,
  row: TimingResult,
  old: EarlierRow,
  sharesBaseline: boolean,
): readonly ChangeResult[] {
  const [now, then] = [row.intervals[metric], old.intervals[metric]]
  if (now === null || then === null) return []
  const [own, other] = [row, old].map(({ ratios }) => ratios.find((ratio) => ratio.metric === metric))
  const { operation, source } = row
  return [
    {
      strategy,
      operation,
      source,
      metric,
      before: old[metric],
      after: row[metric],
      ...judged(metric, quotient(now, then)),
      ...(sharesBaseline && own && other && { ratio: judged(metric, quotient(own, other)) }),
    },
  ]
}

/**
 * Of two estimates that know nothing of each other: intervals here are symmetric as logs, so their centres are the geometric
 * means of their ends, and the halves add up like the errors they stand for, by their squares.
 */
function quotient(now: Interval, then: Interval): Quotient {
  const [own, other] = [now, then].map(({ low, high }) => ({
    centre: Math.log(low * high) / 2,
    half: Math.log(high / low) / 2,
  }))
  if (own === undefined || other === undefined) throw new Error('expected two intervals')
  const centre = own.centre - other.centre
  const half = Math.hypot(own.half, other.half)
  return { value: Math.exp(centre), low: Math.exp(centre - half), high: Math.exp(centre + half) }
}

/** Reads the interval alone: nobody adjusted it for the number of comparisons, and the report says so. */
function judged(metric: Metric, found: Quotient): Quotient & Pick<ChangeResult, 'verdict'> {
  return {
    ...found,
    verdict: verdict({ estimate: found, adjustedP: 0, higherIsBetter: metric === 'throughput' }),
  }
}
