import { join } from 'node:path'
import { openAlarm } from '../load/alarm.js'
import type { Captcha } from '../load/exchange.js'
import { type LoadGenerator, openLoadGenerator } from '../load/generator.js'
import type { Pace } from '../load/pacer.js'
import { openWarmUpLoad, type WarmUpLoad } from '../load/warm-up.js'
import { messageOf } from '../message-of.js'
import { packageRoot } from '../paths.js'
import type { Arm, Plan } from '../plan.js'
import type { Progress } from '../progress.js'
import type { RunFolder } from '../run-folder.js'
import type { RunServices } from '../services.js'
import type { Random } from '../statistics.js'
import { type Program, type Server, secretOf, startServer } from '../topology.js'
import { spreadWorkers } from './spread.js'

/** What every part of the timing study works with. */
export interface Stage {
  readonly plan: Plan
  readonly folder: RunFolder
  readonly services: RunServices
  /** The server of the version that the plan's comparison calls the base. */
  readonly base?: Program
  readonly progress: Progress
  /** Aborted by Ctrl-C: the slice under way is finished, nothing new is begun. */
  readonly signal: AbortSignal
}

/** An arm while its server runs. */
export interface Runner {
  readonly arm: Arm
  readonly server: Server
  readonly load: WarmUpLoad
  /** Each of its workers stays on one processor. */
  isSpread: boolean
  generator: LoadGenerator
  /** Issued and not yet taken. */
  captchas: readonly Captcha[]
  /** Requests per slice. */
  requests: number
}

/** Fresh servers of all arms, while they run. */
export interface Launch extends Stage, AsyncDisposable {
  readonly number: number
  readonly random: Random
  /** Absent in a closed loop. */
  readonly pace?: Pace
  /** By arm; one that fails leaves. */
  readonly runners: Map<string, Runner>
}

/**
 * The first lets V8 optimise a function after a thirteenth of the bytecode it waits for otherwise. The code is the same in the end
 * (memory 191 µs a captcha with and without it, sqlite 312), but a server comes there after 3 000 captchas instead of 10 000: measured
 * before, sqlite was at 1.2 to 1.4 times memory's CPU time instead of 1.7, for what is interpreted costs all stores the same.
 *
 * The others fix the size of the young generation, MB, which V8 chooses by how a server happened to start: of eight equal ones, the
 * first, idle for seconds while the others started, collected 1 MB at a time, the last 6, and was 5 % cheaper for life.
 */
const nodeOptions = ['--interrupt-budget=10000', '--min-semi-space-size=2', '--max-semi-space-size=2']

/** A server that starts leaves one processor idle while its primary, alone, gets ready. */
const startsAtOnce = 2

/**
 * The warm-up's connections, for each of a slice's: with as many, a third of the processors' time went by unused. Three times as
 * many bring a server like `memory` to 5 000 captchas in 11 windows instead of 16.
 */
const warmUpCrowd = 3

/** Requests per connection before anything is known of an arm's speed. */
const firstRequests = 20

export function openLaunch(stage: Stage, number: number, random: Random): Launch {
  const { openLoop } = stage.plan
  const runners = new Map<string, Runner>()
  const alarm = openLoop && openAlarm()
  return {
    ...stage,
    number,
    random,
    ...(alarm && { pace: { rate: openLoop.rate, alarm } }),
    runners,
    async [Symbol.asyncDispose]() {
      alarm?.[Symbol.dispose]()
      await Promise.all([...runners.values()].map(stop))
    },
  }
}

/** Starts the arms, a few at a time; one that does not start is recorded, and the others go on without it. */
export async function startArms(launch: Launch, arms: readonly Arm[]): Promise<void> {
  const queue = [...arms]
  async function startInTurn(): Promise<void> {
    for (let arm = queue.shift(); arm !== undefined; arm = queue.shift()) {
      if (!launch.signal.aborted) await startArm(launch, arm)
    }
  }
  const lanes = await Promise.allSettled(Array.from({ length: startsAtOnce }, startInTurn))
  // Not before all have ended: a lane that goes on has a server.
  for (const lane of lanes) if (lane.status === 'rejected') throw lane.reason
}

async function startArm(launch: Launch, arm: Arm): Promise<void> {
  const { plan, number, progress, services, runners } = launch
  const { connections, topology = 'processes', hosts = 1, workers, ttlMs, openLoop } = plan
  const requests = openLoop?.requests ?? connections * firstRequests
  progress.starting({ launch: number, arm: arm.name })
  try {
    const strategy = arm.role === 'noop' ? join(packageRoot, arm.module) : arm.module
    // One engine for all of its arms: they take turns.
    const engines = await services.shared(arm.engines ?? [])
    const place = { topology, hosts, workers, program: programOf(launch, arm) }
    const secret = secretOf(plan.seed)
    const served = { strategy, ...place, ttlMs, render: 'none', secret, engines, nodeOptions } as const
    const server = await startServer(served)
    runners.set(arm.name, { ...(await connect(arm, server, connections)), requests })
  } catch (error) {
    await recordFailure(launch, arm, `did not start: ${messageOf(error)}`)
  }
}

function programOf({ base }: Stage, { version, entry }: Arm): Program | undefined {
  if (entry !== undefined) return { entry: join(packageRoot, entry), cwd: packageRoot }
  if (version === undefined) return undefined
  if (base === undefined) throw new Error('expected a base whose server can be started, got none')
  return base
}

async function connect(arm: Arm, server: Server, connections: number): Promise<Omit<Runner, 'requests'>> {
  try {
    const load = await openWarmUpLoad(server, connections * warmUpCrowd)
    const generator = await openLoadGenerator(server, connections)
    const isSpread = await spreadWorkers(server)
    return { arm, server, load, isSpread, generator, captchas: [] }
  } catch (error) {
    await server[Symbol.asyncDispose]()
    throw error
  }
}

/** New connections after a slice that cannot be believed; without a sound server to connect to the arm is out. */
export async function reconnect(launch: Launch, runner: Runner): Promise<void> {
  const { server } = runner
  runner.generator[Symbol.dispose]()
  const ended = server.ended()
  if (ended !== undefined) return expel(launch, runner, ended)
  try {
    runner.generator = await openLoadGenerator(server, launch.plan.connections)
    // A worker that was replaced meanwhile may move.
    runner.isSpread = await spreadWorkers(server)
  } catch (error) {
    await expel(launch, runner, server.ended() ?? messageOf(error))
  }
}

/** Takes an arm out of its launch; the others go on. */
export async function expel(launch: Launch, runner: Runner, reason: string): Promise<void> {
  launch.runners.delete(runner.arm.name)
  await stop(runner)
  await recordFailure(launch, runner.arm, `ended while it was measured: ${reason}`)
}

async function stop({ load, generator, server }: Runner): Promise<void> {
  load[Symbol.dispose]()
  generator[Symbol.dispose]()
  await server[Symbol.asyncDispose]()
}

async function recordFailure({ folder, number }: Launch, arm: Arm, reason: string): Promise<void> {
  await folder.appendTiming({ kind: 'failure', launch: number, arm: arm.name, reason })
}
