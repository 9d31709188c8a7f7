import { setTimeout as wait } from 'node:timers/promises'
import { readCpuTime, stealShare } from './environment.js'
import { type Captcha, runSlice } from './load/slice.js'
import { summarise } from './load/summarise.js'
import type { Arm, Experiment, Plan, Round } from './plan.js'
import type { Progress } from './progress.js'
import type { RunFolder } from './run-folder.js'
import { type Operation, operations, type SliceRecord, type WarmUpRecord } from './slices.js'
import { seededRandom, shuffle } from './statistics.js'
import { type Server, startServer } from './topology.js'

/** A slice that takes longer is cut off and void. */
const sliceLimitMs = 3_000

/** A server that is still busy this long after its last answer is measured as it is. */
const settleLimitMs = 500

/** Two rounds of the warm-up agree when the CPU time per request of every arm is within this share. */
const warmUpAgreement = 0.1

/** How long a slice of the warm-up should take, and the requests a connection at most sends in it. */
const warmUpSliceMs = 400
const warmUpMost = 200

export interface Stage {
  readonly plan: Plan
  readonly folder: RunFolder
  readonly progress: Progress
  /** Aborted by Ctrl-C: the slice under way is finished, nothing new is begun. */
  readonly signal: AbortSignal
}

/** An arm while its server runs. */
interface Runner {
  readonly arm: Arm
  readonly server: Server
  /** Issued and not yet taken. */
  captchas: readonly Captcha[]
  /** Requests per slice. */
  requests: number
}

/** The timing study: every launch of the plan, each record on disk as soon as it is there. */
export async function measureTiming(stage: Stage): Promise<void> {
  const { plan, signal, folder } = stage
  const startedMs = performance.now()
  for (const experiment of plan.experiments) {
    if (!signal.aborted) await runLaunch(stage, experiment)
  }
  const wallSeconds = (performance.now() - startedMs) / 1_000
  await folder.appendTiming({ kind: 'end', partial: signal.aborted, wallSeconds })
}

async function runLaunch(stage: Stage, experiment: Experiment): Promise<void> {
  const { signal, progress, folder } = stage
  const { launch, blocks, limitMs } = experiment
  const startedMs = performance.now()
  const launchStage: LaunchStage = { ...stage, launch, random: seededRandom(experiment.seed ^ 0x9e3779b9) }
  const runners = new Map<string, Runner>()
  try {
    await startArms(launchStage, experiment.arms, runners)
    const startMs = performance.now() - startedMs
    const warm = await warmUp(launchStage, runners)
    await folder.appendTiming({ kind: 'warm-up', launch, startMs, ...warm })
    for (const [block, rounds] of blocks.entries()) {
      const spentMs = performance.now() - startedMs
      if (signal.aborted || spentMs > limitMs) break
      progress.block({ launch, block, blocks: blocks.length, spentMs, limitMs })
      for (const round of rounds) {
        for (const record of await runRound(launchStage, runners, { round, block }))
          await folder.appendTiming(record)
      }
    }
  } finally {
    await Promise.all([...runners.values()].map(({ server }) => server[Symbol.asyncDispose]()))
  }
}

interface LaunchStage extends Stage {
  readonly launch: number
  readonly random: () => number
}

async function startArms(
  stage: LaunchStage,
  arms: readonly Arm[],
  runners: Map<string, Runner>,
): Promise<void> {
  const { plan, launch, progress, signal, folder } = stage
  for (const arm of arms) {
    if (signal.aborted) return
    progress.starting({ launch, arm: arm.name })
    try {
      const server = await startServer({
        strategy: arm.module,
        workers: plan.workers,
        ttlMs: plan.ttlMs,
        render: 'none',
        secret: plan.seed.toString(16).padStart(64, '0'),
      })
      runners.set(arm.name, { arm, server, captchas: [], requests: plan.connections * 5 })
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      await folder.appendTiming({
        kind: 'failure',
        launch,
        arm: arm.name,
        reason: `did not start: ${reason}`,
      })
    }
  }
}

/** Rounds until the CPU time per request of each arm agrees with the round before, or the plan's cap is reached. */
async function warmUp(
  stage: LaunchStage,
  runners: Map<string, Runner>,
): Promise<Omit<WarmUpRecord, 'kind' | 'launch' | 'startMs'>> {
  const { plan, progress, launch, signal } = stage
  const { minRounds, limitMs } = plan.warmUp
  const startedMs = performance.now()
  const spentMs = () => performance.now() - startedMs
  let before = new Map<string, number>()
  let settled = false
  let rounds = 0
  while (!signal.aborted && spentMs() < limitMs && !(settled && rounds >= minRounds)) {
    progress.warmingUp({ launch, round: rounds })
    const cost = new Map<string, number>()
    for (const runner of [...runners.values()])
      cost.set(runner.arm.name, await warmOne(stage, runners, runner))
    settled = [...cost].every(([arm, us]) => Math.abs(us / (before.get(arm) ?? 0) - 1) <= warmUpAgreement)
    before = cost
    rounds += 1
  }
  return {
    rounds,
    ended: settled ? 'settled' : 'cap',
    wallMs: spentMs(),
    requests: Object.fromEntries([...runners].map(([name, { requests }]) => [name, requests])),
  }
}

/**
 * One long slice of each operation, then fits the number of requests to the time a slice should take. Long, because what has
 * to warm up are the compilers of four workers: at 2 000 requests of each operation they have come two thirds of the way.
 * @returns µs of CPU time per request, or of wall time where the system does not tell
 */
async function warmOne(stage: LaunchStage, runners: Map<string, Runner>, runner: Runner): Promise<number> {
  const { connections, sliceMs } = stage.plan
  const perSlice = runner.requests / connections
  runner.requests = connections * Math.min(warmUpMost, Math.ceil((perSlice * warmUpSliceMs) / sliceMs))
  const records: SliceRecord[] = []
  for (const operation of operations) {
    const record = await measureSlice(stage, runners, { runner, operation, block: -1 })
    if (record !== undefined) records.push(record)
  }
  if (records.length === 0) return 0
  const msPerRequest = mean(
    records.map(({ wallMs, settleMs, requests }) => (wallMs - settleMs) / Math.max(1, requests)),
  )
  runner.requests = connections * Math.min(200, Math.max(3, Math.round(sliceMs / msPerRequest / connections)))
  return mean(records.map(({ cpuUsPerOp }) => cpuUsPerOp ?? msPerRequest * 1_000))
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length
}

async function runRound(
  stage: LaunchStage,
  runners: Map<string, Runner>,
  { round, block }: { round: Round; block: number },
): Promise<readonly SliceRecord[]> {
  const records: SliceRecord[] = []
  for (const name of round.order) {
    const runner = runners.get(name)
    if (runner === undefined || stage.signal.aborted) continue
    const record = await measureSlice(stage, runners, { runner, operation: round.operation, block })
    if (record !== undefined) records.push(record)
  }
  return records
}

interface SliceTask {
  readonly runner: Runner
  readonly operation: Operation
  readonly block: number
}

/** @returns nothing when there was nothing to send, or the server has ended: then its arm leaves the launch */
async function measureSlice(
  { plan, launch, random, folder }: LaunchStage,
  runners: Map<string, Runner>,
  { runner, operation, block }: SliceTask,
): Promise<SliceRecord | undefined> {
  const { arm, server } = runner
  const work = operation === 'write' ? runner.requests : shuffle(runner.captchas, random)
  if ((typeof work === 'number' ? work : work.length) < plan.connections) return undefined
  const cpuBeforeUs = server.cpuUs()
  const timeBefore = readCpuTime()
  const loopBefore = performance.eventLoopUtilization()
  const startedMs = performance.now()
  const run = await runSlice(server, {
    operation,
    connections: plan.connections,
    work,
    limitMs: sliceLimitMs,
  })
  const { utilization } = performance.eventLoopUtilization(loopBefore)
  const settleMs = await settle(server)
  const wallMs = performance.now() - startedMs
  const cpuAfterUs = server.cpuUs()
  const timeAfter = readCpuTime()
  const ended = server.ended()
  if (ended !== undefined) {
    runners.delete(arm.name)
    await server[Symbol.asyncDispose]()
    await folder.appendTiming({
      kind: 'failure',
      launch,
      arm: arm.name,
      reason: `ended during a ${operation} slice: ${ended}`,
    })
    return undefined
  }
  if (operation === 'write') runner.captchas = run.answers.flatMap(({ captcha }) => captcha ?? [])
  if (operation === 'take') runner.captchas = []
  const cpuUs = cpuBeforeUs === undefined || cpuAfterUs === undefined ? null : cpuAfterUs - cpuBeforeUs
  return {
    kind: 'slice',
    launch,
    block,
    arm: arm.name,
    operation,
    ...summarise(operation, run),
    cpuUsPerOp: cpuUs === null || run.answers.length === 0 ? null : cpuUs / run.answers.length,
    settleMs,
    wallMs,
    generatorUtilisation: utilization,
    steal: timeBefore && timeAfter && stealShare(timeBefore, timeAfter),
  }
}

/**
 * Waits until the server's processes are idle: work a strategy puts off until after its answer is its own cost, and must not
 * fall into the slice of the next arm.
 */
async function settle(server: Server): Promise<number> {
  const startedMs = performance.now()
  const idleUs = 150
  let before = server.cpuUs()
  while (before !== undefined && performance.now() - startedMs < settleLimitMs) {
    await wait(3)
    const now = server.cpuUs()
    if (now === undefined || now - before < idleUs) break
    before = now
  }
  return performance.now() - startedMs
}
