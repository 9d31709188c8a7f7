import type { Scope, Survives } from '../../src/strategy.js'
import { covers, durabilities, reaches, rungs } from '../checkers/rungs.js'
import {
  isClaimed,
  type Recommendation,
  type RecommendedRatio,
  type RungStep,
  type StrategyResult,
  timingRow,
} from '../results.js'
import { type Operation, operations } from '../slices.js'

/** A ratio to the baseline with the ends of its interval. */
interface Cost {
  readonly value: number
  readonly low: number
  readonly high: number
}

interface Candidate {
  readonly strategy: StrategyResult
  readonly cost: Cost
}

/**
 * For each rung and durability the cheapest strategy that promised at least so much and was seen to keep it: none where there is
 * none. The order of the strategies does not matter. Pure.
 *
 * Cheapest is decided by CPU time, which the other servers of a run disturb least. What a captcha's whole life costs, the
 * ratios of its three operations do not say: that would need their shares in it, which are the user's. So each counts alike,
 * by the geometric mean of the three ratios to the baseline.
 */
export function recommend(strategies: readonly StrategyResult[], baseline: string): Recommendation[] {
  const candidates = strategies.filter(isTrustworthy).flatMap((strategy): Candidate[] => {
    const cost = costOf(strategy, baseline)
    return cost === undefined ? [] : [{ strategy, cost }]
  })
  const ranked = candidates.toSorted(
    (a, b) => a.cost.value - b.cost.value || (a.strategy.name < b.strategy.name ? -1 : 1),
  )
  return rungs.flatMap((scope) =>
    durabilities.flatMap((survives) => {
      const [cheapest, ...others] = ranked.filter(({ strategy }) => serves(strategy, scope, survives))
      return cheapest === undefined ? [] : [toEntry({ scope, survives, cheapest, others, baseline })]
    }),
  )
}

/**
 * Each promise seen kept and no law seen broken. That a law was not exercised is told and does not exclude: a store without a
 * medium, such as a Map, has nothing that could fail it, and without root no disk can be filled.
 */
function isTrustworthy({ claims, exhibit, skipped, failed, correctness }: StrategyResult): boolean {
  if (exhibit !== undefined || skipped !== undefined || failed !== undefined) return false
  if (correctness === undefined || correctness.verdict === 'invalid' || !claims.singleUse) return false
  return correctness.promises.every(({ observation }) => observation === 'kept')
}

/** It promises that much, and is correct on this very rung, that nobody be sent to one where it was never tried. */
function serves({ claims, correctness }: StrategyResult, scope: Scope, survives: Survives): boolean {
  const isSeen = correctness?.ladder.some(({ rung, verdict }) => rung === scope && verdict === 'valid')
  return isSeen === true && reaches(claims.scope, scope) && covers(claims.survives, survives)
}

/** Halves of intervals are averaged as logs, as if the three always erred together: never too narrow. */
function costOf(strategy: StrategyResult, baseline: string): Cost | undefined {
  const ratios = operations.flatMap((operation) => ratioOf(strategy, operation, 'cpuUsPerOp', baseline) ?? [])
  if (ratios.length < operations.length) return undefined
  const mean = (of: keyof Cost) =>
    Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio[of]), 0) / ratios.length)
  return { value: mean('value'), low: mean('low'), high: mean('high') }
}

/** The baseline has no ratio to itself in its timing: it is exactly 1, where it was measured at all. */
function ratioOf(
  { name, timing }: StrategyResult,
  operation: Operation,
  metric: RecommendedRatio['metric'],
  baseline: string,
): Cost | undefined {
  const row = timingRow(timing, operation, 'client')
  if (name === baseline) return row?.[metric] ? { value: 1, low: 1, high: 1 } : undefined
  return row?.ratios.find((ratio) => ratio.metric === metric)
}

interface Choice {
  readonly scope: Scope
  readonly survives: Survives
  readonly cheapest: Candidate
  readonly others: readonly Candidate[]
  readonly baseline: string
}

function toEntry({ scope, survives, cheapest, others, baseline }: Choice): Recommendation {
  const { strategy, cost } = cheapest
  return {
    scope,
    survives,
    strategy: strategy.name,
    ties: others.filter((other) => other.cost.low <= cost.high).map((other) => other.strategy.name),
    cost,
    ratios: told.flatMap(({ operation, metric }) => {
      const ratio = ratioOf(strategy, operation, metric, baseline)
      return ratio === undefined ? [] : [{ operation, metric, ...endsOf(ratio) }]
    }),
    unexercised: unexercisedOf(strategy),
  }
}

const told = (['write', 'take'] as const).flatMap((operation) =>
  (['throughput', 'cpuUsPerOp'] as const).map((metric) => ({ operation, metric })),
)

function endsOf({ value, low, high }: Cost): Cost {
  return { value, low, high }
}

function unexercisedOf({ claims, correctness }: StrategyResult): string[] {
  const checks = correctness?.checks ?? []
  return checks
    .filter(({ name, verdict }) => verdict === 'unknown' && isClaimed(claims, name))
    .map(({ name }) => name)
}

/**
 * From each recommended rung to the next one that has a recommendation, at the same durability. Pure.
 *
 * The two were compared with the baseline, not with one another. Their quotient errs at most as both together: the halves of
 * their intervals are added as logs, so that it is never too narrow, and mostly too wide.
 */
export function stepsOf(recommendations: readonly Recommendation[]): RungStep[] {
  return durabilities.flatMap((survives) => {
    const column = recommendations.filter((entry) => entry.survives === survives)
    return column.slice(1).flatMap((to, index) => {
      const from = column[index]
      return from === undefined
        ? []
        : [{ survives, from: placeOf(from), to: placeOf(to), ratios: quotients(to, from) }]
    })
  })
}

function placeOf({ scope, strategy }: Recommendation): RungStep['to'] {
  return { scope, strategy }
}

function quotients(to: Recommendation, from: Recommendation): RecommendedRatio[] {
  const isSame = to.strategy === from.strategy
  return to.ratios.flatMap(({ operation, metric, ...above }) => {
    const below = from.ratios.find((ratio) => ratio.operation === operation && ratio.metric === metric)
    if (below === undefined) return []
    return [{ operation, metric, ...(isSame ? { value: 1, low: 1, high: 1 } : quotient(above, below)) }]
  })
}

function quotient(above: Cost, below: Cost): Cost {
  return {
    value: above.value / below.value,
    low: above.low / below.high,
    high: above.high / below.low,
  }
}
