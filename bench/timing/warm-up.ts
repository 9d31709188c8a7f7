import { messageOf } from '../message-of.js'
import { type Plan, twinName } from '../plan.js'
import type { WarmUpRecord } from '../slices.js'
import { mean, shuffle } from '../statistics.js'
import { expel, type Launch, type Runner } from './launch.js'
import { measureSlices } from './turn.js'

/** A window of the warm-up lasts so long, and sends so many captchas on each connection between two looks at the clock. */
const window = { ms: 100, perConnection: 2 } as const

/**
 * Two windows also agree by chance, or while code waits to be compiled. V8 counts calls, not time: where system calls and page faults
 * are dear, a server that spends 65 µs on a request in the end spent 100 to 200 after 15 windows and 3 000 captchas, until it had seen
 * some 7 000; and after 11 windows it had seen 800, and spent ten times as much. Elsewhere 11 windows are 5 000 captchas. A slow
 * store does not get so far, and is given twice as many windows instead.
 */
const enough = { captchasPerWorker: 1_800, windows: 2 } as const

/** Two windows agree when their CPU times per request differ by no more than this share. */
const agreement = 0.07

/** Requests of one connection in a slice: each has some, and a slice stays short enough for many. */
const perConnection = { fewest: 2, most: 100 } as const

/** An arm that is slower by more has shorter slices. */
const severalTimes = 2

/** How far an arm has come. */
interface Progress {
  windows: number
  captchas: number
  /** CPU time per captcha in its last window, µs; wall time where the system does not tell. */
  lastUs: number
  settled: boolean
  wallMs: number
}

/**
 * Warms all arms up in rounds, a window of unmeasured captchas each, until an arm has seen enough of them and the CPU time of two of
 * its windows agrees, or the time is up; then measures one slice of each operation to fit the number of requests to the time meant
 * for a slice. In rounds and in random order, because the first arm to be warmed up alone stayed 15 % behind its twin in CPU time
 * per request.
 */
export async function warmUp(launch: Launch): Promise<Pick<WarmUpRecord, 'arms' | 'requests' | 'spread'>> {
  const { plan, progress, number, signal, runners, random } = launch
  const arms = new Map(
    // Sorted before it is shuffled: they are there in the order in which they happened to be ready.
    [...runners.keys()]
      .toSorted()
      .map((name): [string, Progress] => [
        name,
        { windows: 0, captchas: 0, lastUs: Number.NaN, settled: false, wallMs: 0 },
      ]),
  )
  const startedMs = performance.now()
  const isOver = () => signal.aborted || performance.now() - startedMs > plan.warmUp.limitMs
  for (let round = 1; !isOver() && [...arms.values()].some(({ settled }) => !settled); round += 1) {
    progress.warmingUp({ launch: number, round })
    for (const [name, arm] of shuffle([...arms], random)) {
      const runner = runners.get(name)
      if (runner !== undefined && !arm.settled && !signal.aborted) await warmOne(launch, runner, arm)
    }
  }
  await fitRequests(launch)
  return {
    arms: Object.fromEntries([...arms].map(([name, arm]) => [name, described(arm)])),
    spread: [...runners.values()].filter(({ isSpread }) => isSpread).length,
    requests: Object.fromEntries([...runners].map(([name, { requests }]) => [name, requests])),
  }
}

/** Whether two windows that agree may end the warm-up of an arm. */
export function hasSeenEnough(
  { windows, captchas }: { readonly windows: number; readonly captchas: number },
  { minWindows, workers }: { readonly minWindows: number; readonly workers: number },
): boolean {
  if (windows < minWindows) return false
  return captchas >= enough.captchasPerWorker * workers || windows >= enough.windows * minWindows
}

function described({ windows, settled, wallMs }: Progress): WarmUpRecord['arms'][string] {
  return { windows, ended: settled ? 'settled' : 'cap', wallMs }
}

async function warmOne(launch: Launch, runner: Runner, arm: Progress): Promise<void> {
  const { minWindows } = launch.plan.warmUp
  const { server, load } = runner
  const spentUs = () => server.cpuUs() ?? performance.now() * 1_000
  const startedMs = performance.now()
  const startedUs = spentUs()
  let sent = 0
  try {
    do {
      await load.send(window.perConnection)
      sent += load.connections * window.perConnection
    } while (performance.now() - startedMs < window.ms)
  } catch (error) {
    return expel(launch, runner, server.ended() ?? messageOf(error))
  }
  const us = (spentUs() - startedUs) / sent
  arm.windows += 1
  arm.captchas += sent
  const agrees = Math.abs(us / arm.lastUs - 1) <= agreement
  arm.settled = agrees && hasSeenEnough(arm, { minWindows, workers: server.workers.length })
  arm.lastUs = us
  arm.wallMs += performance.now() - startedMs
}

/**
 * Sets how many requests the slices have: what the baseline serves in the time meant for a slice, the same for every arm,
 * so that what a slice costs whatever its length is the same share of each: with 136 requests beside the baseline's 256
 * `redis` was at 0.54 of its throughput, with as many at 0.73. Only an arm that is several times slower gets fewer: it would take the
 * time of the others, and is told apart with less.
 */
async function fitRequests(launch: Launch): Promise<void> {
  const { plan, runners } = launch
  // A pace has its number of requests.
  if (plan.openLoop !== undefined) return
  const fitted = new Map<string, number>()
  for (const [name, runner] of [...runners]) {
    const records = await measureSlices(launch, runner, -1)
    const busyMs = records.map(
      ({ wallMs, settleMs, requests }) => (wallMs - settleMs) / Math.max(1, requests),
    )
    if (busyMs.length > 0) fitted.set(name, fitting(plan, mean(busyMs)))
  }
  const common = fitted.get(plan.baseline) ?? Math.max(...fitted.values())
  for (const names of alike(plan, [...fitted.keys()])) {
    const wanted = Math.min(...names.flatMap((name) => fitted.get(name) ?? []))
    const requests = wanted * severalTimes >= common ? common : wanted
    for (const name of names) {
      const runner = runners.get(name)
      if (runner !== undefined) runner.requests = requests
    }
  }
}

/** What is compared as two versions has slices of one length: it is a difference between them that is looked for. */
function alike({ comparison, evenSlices }: Plan, names: readonly string[]): readonly (readonly string[])[] {
  if (evenSlices) return [names]
  const pairs = (comparison?.pairs ?? []).map(({ head, base }, place) =>
    place === 0 ? [head, base, twinName] : [head, base],
  )
  const others = names.filter((name) => !pairs.some((pair) => pair.includes(name)))
  return [...pairs, ...others.map((name) => [name])]
}

function fitting({ connections, sliceMs }: Plan, msPerRequest: number): number {
  const wanted = Math.round(sliceMs / msPerRequest / connections)
  return connections * Math.min(perConnection.most, Math.max(perConnection.fewest, wanted))
}
