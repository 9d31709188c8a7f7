import { messageOf } from '../message-of.js'
import { type Operation, operations, type SliceRecord } from '../slices.js'
import { shuffle } from '../statistics.js'
import { measureBurst, settle } from './burst.js'
import { expel, type Launch, type Runner, reconnect } from './launch.js'

/** Requests of each operation that are at most sent, unmeasured, for each of a slice's connections, before an arm's turn. */
const preRoll = 8

/**
 * One arm's turn in a block: a few unmeasured requests, because the arms before it have taken the processor's caches, which
 * made the first 400 requests of a turn cost 40 % more CPU time; then a slice of each operation.
 */
export async function runTurn(launch: Launch, name: string, block: number): Promise<void> {
  const runner = launch.runners.get(name)
  if (runner === undefined || launch.signal.aborted) return
  try {
    const { connections } = launch.plan
    const requests = connections * Math.min(preRoll, runner.requests / connections / 4)
    await runner.load.send(Math.ceil(requests / runner.load.connections))
    await settle(runner.server)
  } catch (error) {
    return expel(launch, runner, runner.server.ended() ?? messageOf(error))
  }
  const records = await measureSlices(launch, runner, block)
  await launch.folder.appendTiming(...records)
  launch.progress.measured(records)
}

/** A slice of each operation: what is written is then read, and what was read is then taken. */
export async function measureSlices(
  launch: Launch,
  runner: Runner,
  block: number,
): Promise<readonly SliceRecord[]> {
  const records: SliceRecord[] = []
  for (const operation of operations) {
    const isIn = launch.runners.has(runner.arm.name)
    const record = isIn ? await measureSlice(launch, runner, { operation, block }) : undefined
    if (record !== undefined) records.push(record)
  }
  return records
}

interface SliceTask {
  readonly operation: Operation
  readonly block: number
}

/** @returns nothing when there was too little to send */
async function measureSlice(
  launch: Launch,
  runner: Runner,
  { operation, block }: SliceTask,
): Promise<SliceRecord | undefined> {
  const { arm, server } = runner
  const { pace } = launch
  const work = operation === 'write' ? runner.requests : shuffle(runner.captchas, launch.random)
  if ((typeof work === 'number' ? work : work.length) < fewestOf(launch)) return undefined
  const { run, summary, costs } = await measureBurst(server, runner.generator, {
    operation,
    work,
    ...(pace && { pace }),
  })
  if (run.mistaken !== undefined) await reconnect(launch, runner)
  else if (server.ended() !== undefined) await expel(launch, runner, server.ended() ?? '')
  if (operation === 'write') runner.captchas = run.answers.flatMap(({ captcha }) => captcha ?? [])
  if (operation === 'take') runner.captchas = []
  return {
    kind: 'slice',
    launch: launch.number,
    block,
    arm: arm.name,
    operation,
    ...summary,
    ...costs,
  }
}

/** Without a pace each connection has its first request at once. */
function fewestOf({ pace, plan }: Launch): number {
  return pace === undefined ? plan.connections : 1
}
