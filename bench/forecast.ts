import { type Plan, preparationMs } from './plan.js'
import { percent } from './report/format.js'
import { operations } from './slices.js'
import { tQuantile } from './statistics.js'

/** What a plan should come to on a machine like the one its constants were measured on. */
export interface Forecast {
  readonly launches: number
  readonly blocksPerLaunch: number
  /** The smallest relative differences it should find four times in five; 0.05 is 5 %. */
  readonly detectable: { readonly throughput: number; readonly cpuUsPerOp: number }
}

/**
 * Standard deviations of log-ratios, between the blocks of a launch and between launches; workers spread over 2 shared cores, a
 * store like `memory`.
 */
const spreads = {
  throughput: { block: 0.28, launch: 0.04 },
  cpuUsPerOp: { block: 0.2, launch: 0.04 },
} as const

/** An arm's turn: pre-roll, and between its slices the wait until its server is idle; ms. */
const turnOverheadMs = 25

/** Pure: what the plan's time should buy; said before it is spent. */
export function forecast({
  experiments,
  workers,
  hosts = 1,
  warmUp,
  sliceMs,
  comparison,
}: Plan): Forecast | undefined {
  const [first] = experiments
  if (first === undefined) return undefined
  const arms = first.arms.length
  const preparing = Math.min(first.limitMs * 0.8, arms * preparationMs(hosts * workers, warmUp.minWindows))
  const turnMs = operations.length * sliceMs + turnOverheadMs
  const blocksPerLaunch = Math.max(1, Math.floor((first.limitMs - preparing) / (arms * turnMs)))
  const launches = experiments.length
  const detectable = ({ block, launch }: { block: number; launch: number }) => {
    const se = Math.sqrt((block ** 2 / blocksPerLaunch + (launches > 1 ? launch ** 2 : 0)) / launches)
    // What the arms know together of the luck of a launch, three operations worth two: see `luckEach`.
    const rivals = comparison === undefined ? arms - 1 : comparison.pairs.length + 1
    const df = launches > 1 ? (launches - 1) * rivals * 2 : blocksPerLaunch
    return Math.expm1((tQuantile(0.975, df) + tQuantile(0.8, df)) * se)
  }
  return {
    launches,
    blocksPerLaunch,
    detectable: {
      throughput: detectable(spreads.throughput),
      cpuUsPerOp: detectable(spreads.cpuUsPerOp),
    },
  }
}

/** What is about to happen, in one line, before any time is spent on it. Pure. */
export function outline(plan: Plan): string {
  const strategies = plan.entrants.filter(({ skipped }) => skipped === undefined).length
  const expected = forecast(plan)
  return [
    `${strategies} strategies`,
    ...(expected === undefined ? [] : timed(expected, plan)),
    `seed ${plan.seed}`,
  ].join(', ')
}

function timed(
  { launches, blocksPerLaunch, detectable }: Forecast,
  { budgetSeconds, openLoop }: Pick<Plan, 'budgetSeconds' | 'openLoop'>,
): readonly string[] {
  const found = `differences of ${percent(detectable.throughput)} in throughput and ${percent(detectable.cpuUsPerOp)} in CPU time`
  const place = `${launches} ${launches === 1 ? 'launch' : 'launches'} of about ${blocksPerLaunch} blocks in at most ${budgetSeconds} s`
  // What a closed loop's throughput spreads by says nothing of a pace.
  if (openLoop !== undefined) return [place, `an open loop of ${openLoop.rate} requests/s`]
  return [place, `which should find ${found}${launches === 1 ? ' but not the luck of the launch' : ''}`]
}
