import { setTimeout as wait } from 'node:timers/promises'
import { readCpuTime, stealShare } from '../environment.js'
import type { LoadGenerator, SliceOptions, SliceRun } from '../load/generator.js'
import { type Summary, summarise } from '../load/summarise.js'
import type { SliceRecord } from '../slices.js'
import type { Server } from '../topology.js'
import { collectGarbage } from './garbage.js'

/** A slice that takes longer is cut off and void. Longer than any store here waits for its own locks. */
const sliceLimitMs = 10_000

/** A server that is still busy this long after its last answer is measured as it is. */
const settleLimitMs = 500

/**
 * A server that spends less CPU time than this in such a while counts as idle. With looks of 2 ms the waits were 10 ms of a turn
 * of 57, with these 6. Of what servers put off both see all but 0 to 2 µs a request; of `file` alone these miss up to 2 µs more.
 */
const idle = { us: 50, whileMs: 1 } as const

/** What one burst of load came to, and what it cost everybody. */
export interface Burst {
  readonly run: SliceRun
  readonly summary: Summary
  readonly costs: Pick<SliceRecord, 'cpuUsPerOp' | 'settleMs' | 'wallMs' | 'generatorUtilisation' | 'steal'>
}

/** Sends one slice, from an idle server to an idle server again. */
export async function measureBurst(
  server: Server,
  generator: LoadGenerator,
  slice: Omit<SliceOptions, 'limitMs'>,
): Promise<Burst> {
  collectGarbage('young')
  const cpuBeforeUs = server.cpuUs()
  const timeBefore = readCpuTime()
  const loopBefore = performance.eventLoopUtilization()
  const startedMs = performance.now()
  const run = await generator.run({ ...slice, limitMs: sliceLimitMs })
  const { utilization } = performance.eventLoopUtilization(loopBefore)
  const settled = settle(server)
  // While the server is given its time anyway.
  const summary = summarise(slice.operation, run)
  const { settleMs, cpuUs: cpuAfterUs } = await settled
  const wallMs = performance.now() - startedMs
  const timeAfter = readCpuTime()
  const cpuUs = cpuBeforeUs === undefined || cpuAfterUs === undefined ? null : cpuAfterUs - cpuBeforeUs
  return {
    run,
    summary,
    costs: {
      cpuUsPerOp: cpuUs === null || run.answers.length === 0 ? null : cpuUs / run.answers.length,
      settleMs,
      wallMs,
      generatorUtilisation: utilization,
      steal: timeBefore && timeAfter && stealShare(timeBefore, timeAfter),
    },
  }
}

/** How long it took, and what the server's clock said at its end. */
interface Settled {
  readonly settleMs: number
  readonly cpuUs: number | undefined
}

/**
 * Waits until the server's processes are idle: work a strategy puts off until after its answer is its own cost, and must not
 * fall into the slice of the next arm.
 */
export async function settle(server: Server): Promise<Settled> {
  const startedMs = performance.now()
  const settleMs = () => performance.now() - startedMs
  let cpuUs = server.cpuUs()
  while (cpuUs !== undefined && settleMs() < settleLimitMs) {
    await wait(idle.whileMs)
    const beforeUs = cpuUs
    cpuUs = server.cpuUs()
    if (cpuUs === undefined || cpuUs - beforeUs < idle.us) break
  }
  return { settleMs: settleMs(), cpuUs }
}
