import type { Plan } from '../plan.js'
import type { WarmUpRecord } from '../slices.js'
import { median } from '../statistics.js'
import { expel, type Launch, messageOf, type Runner } from './launch.js'
import { measureSlices } from './turn.js'

/** Requests of each operation in one window of the warm-up, and how many of them a connection sends at once. */
const window = { requests: 1_024, perConnection: 32 } as const

/** Two windows agree when their CPU times differ by no more than this share. */
const agreement = 0.07

/** An arm whose slices would take more than this many times the time meant for one sends fewer requests. */
const slowestShare = 1.5

/** Requests of one connection in a slice: enough to be told apart, few enough for many slices. */
const perConnection = { fewest: 3, most: 100 } as const

type ArmWarmUp = WarmUpRecord['arms'][string]

/** Warms every arm up, then measures one slice of each operation to fit the number of requests to the time meant for a slice. */
export async function warmUp(launch: Launch): Promise<Pick<WarmUpRecord, 'arms' | 'requests'>> {
  const { plan, progress, number, signal, runners } = launch
  const arms = new Map<string, ArmWarmUp>()
  const msPerRequest = new Map<string, number>()
  for (const [name, runner] of [...runners]) {
    if (signal.aborted) break
    progress.warmingUp({ launch: number, arm: name })
    try {
      arms.set(name, await warmOne(runner, plan))
    } catch (error) {
      await expel(launch, runner, runner.server.ended() ?? messageOf(error))
      continue
    }
    const records = await measureSlices(launch, runner, -1)
    const busyMs = records.map(
      ({ wallMs, settleMs, requests }) => (wallMs - settleMs) / Math.max(1, requests),
    )
    if (busyMs.length > 0) msPerRequest.set(name, busyMs.reduce((sum, ms) => sum + ms, 0) / busyMs.length)
  }
  fitRequests(launch, msPerRequest)
  const requests = [...runners].map(([name, runner]) => [name, runner.requests] as const)
  return { arms: Object.fromEntries(arms), requests: Object.fromEntries(requests) }
}

/** Windows of unmeasured requests until the CPU time of two agrees, or the arm's share of the warm-up's time is spent. */
async function warmOne(
  { server, load }: Runner,
  { connections, warmUp: { limitMs, minWindows } }: Plan,
): Promise<ArmWarmUp> {
  const startedMs = performance.now()
  const spentUs = () => server.cpuUs() ?? performance.now() * 1_000
  let before = Number.NaN
  for (let windows = 1; ; windows += 1) {
    const startedUs = spentUs()
    for (let sent = 0; sent < window.requests; sent += connections * window.perConnection)
      await load.send(window.perConnection)
    const us = spentUs() - startedUs
    const settled = windows >= minWindows && Math.abs(us / before - 1) <= agreement
    const wallMs = performance.now() - startedMs
    if (settled || wallMs > limitMs) return { windows, ended: settled ? 'settled' : 'cap', wallMs }
    before = us
  }
}

/**
 * Sets how many requests the slices have: the same for every arm, so that what a slice costs whatever its length is the same
 * share of each. Only an arm too slow for that gets fewer.
 */
function fitRequests({ plan, runners }: Launch, msPerRequest: ReadonlyMap<string, number>): void {
  if (msPerRequest.size === 0) return
  const common = fitting(plan, median([...msPerRequest.values()]))
  for (const [name, ms] of msPerRequest) {
    const runner = runners.get(name)
    if (runner === undefined) continue
    const isTooSlow = ms * common > slowestShare * plan.sliceMs
    runner.requests = isTooSlow ? fitting(plan, ms / slowestShare) : common
  }
}

function fitting({ connections, sliceMs }: Plan, msPerRequest: number): number {
  const wanted = Math.round(sliceMs / msPerRequest / connections)
  return connections * Math.min(perConnection.most, Math.max(perConnection.fewest, wanted))
}
