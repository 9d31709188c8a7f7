import type { Scope, Survives } from '../../src/strategy.js'
import { checkNames } from '../checkers/check.js'
import { reaches, rungs } from '../checkers/rungs.js'
import type { CorrectnessResult, Recommendation, StrategyResult, TimingResult } from '../results.js'
import { operations } from '../slices.js'
import { exampleResults } from './fixtures.js'

/** Strategies as a judge would have left them, with known costs and flaws. */
export interface Candidate {
  readonly name: string
  readonly scope: Scope
  readonly survives: Survives
  /** CPU time ÷ the baseline's, of every operation or of write, read and take. */
  readonly cost: number | readonly [write: number, read: number, take: number]
  /** Ends of intervals lie this factor away; 1.05 unless told. */
  readonly spread?: number
  /** Where it was seen correct; on all that it claims, unless told. */
  readonly seen?: readonly Scope[]
  /** Checks that were not exercised. */
  readonly unknown?: readonly string[]
  readonly flaw?: string
}

const [row] = exampleResults().strategies[0]?.timing ?? []
if (row === undefined) throw new Error('expected a timed strategy in the fixtures')
const timed: TimingResult = row

export function candidate(wishes: Candidate): StrategyResult {
  const { name, scope, survives, flaw = 'none' } = wishes
  return {
    name,
    summary: '',
    claims: { scope, survives, singleUse: flaw !== 'replayable' },
    ...(flaw === 'exhibit' && { exhibit: 'Wrong on purpose.' }),
    ...(flaw === 'skipped' && { skipped: 'no library' }),
    correctness: correctnessOf(wishes),
    timing: operations.map((operation, index) => timingOf(wishes, operation, index)),
  }
}

export function place({ scope, survives }: Recommendation): string {
  return `${scope}/${survives}`
}

function correctnessOf({ scope, seen, unknown = [], flaw = 'none' }: Candidate): CorrectnessResult {
  const none = { attempts: 0, failures: 0, rate: 0, low: 0, high: 1 }
  const observation = flaw === 'broken' || flaw === 'unproven' ? flaw : 'kept'
  return {
    verdict: flaw === 'broken' ? 'invalid' : unknown.length > 0 || flaw === 'unproven' ? 'unknown' : 'valid',
    observedScope: scope,
    ladder: rungs.map((rung) => {
      const claimed = reaches(scope, rung)
      return { rung, claimed, verdict: (seen?.includes(rung) ?? claimed) ? 'valid' : 'unknown' }
    }),
    promises: [{ claim: 'scope', promised: scope, observation }],
    verificationFailures: { overall: none, sameWorker: none, crossWorker: none },
    matrix: [],
    checks: checkNames.map((name) => ({
      name,
      verdict: unknown.includes(name) ? 'unknown' : 'valid',
      attempts: 1,
      violations: 0,
      upperBound: 1,
      evidence: [],
    })),
  }
}

/** Of the baseline none, as a judge leaves it; throughput falls as CPU time rises. */
function timingOf(
  { name, cost, spread = 1.05 }: Candidate,
  operation: TimingResult['operation'],
  index: number,
): TimingResult {
  const own = typeof cost === 'number' ? cost : (cost[index] ?? 1)
  const about = (metric: 'throughput' | 'cpuUsPerOp', value: number) => ({
    baseline: 'memory',
    metric,
    value,
    low: value / spread,
    high: value * spread,
    verdict: 'inconclusive' as const,
    detectable: 0.1,
  })
  const ratios = name === 'memory' ? [] : [about('throughput', 1 / own), about('cpuUsPerOp', own)]
  return { ...timed, operation, source: 'client', throughput: 1_000 / own, cpuUsPerOp: 100 * own, ratios }
}
