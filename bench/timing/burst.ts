import { setTimeout as wait } from 'node:timers/promises'
import { readCpuTime, stealShare } from '../environment.js'
import type { LoadGenerator, SliceOptions, SliceRun } from '../load/generator.js'
import type { SliceRecord } from '../slices.js'
import type { Server } from '../topology.js'
import { collectGarbage } from './garbage.js'

/** A slice that takes longer is cut off and void. Longer than any store here waits for its own locks. */
const sliceLimitMs = 10_000

/** A server that is still busy this long after its last answer is measured as it is. */
const settleLimitMs = 500

/** CPU time in 2 ms below which a server counts as idle, µs. */
const idleUs = 100

/** What one burst of load came to, and what it cost everybody. */
export interface Burst {
  readonly run: SliceRun
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
  const settleMs = await settle(server)
  const wallMs = performance.now() - startedMs
  const cpuAfterUs = server.cpuUs()
  const timeAfter = readCpuTime()
  const cpuUs = cpuBeforeUs === undefined || cpuAfterUs === undefined ? null : cpuAfterUs - cpuBeforeUs
  return {
    run,
    costs: {
      cpuUsPerOp: cpuUs === null || run.answers.length === 0 ? null : cpuUs / run.answers.length,
      settleMs,
      wallMs,
      generatorUtilisation: utilization,
      steal: timeBefore && timeAfter && stealShare(timeBefore, timeAfter),
    },
  }
}

/**
 * Waits until the server's processes are idle: work a strategy puts off until after its answer is its own cost, and must not
 * fall into the slice of the next arm.
 */
export async function settle(server: Server): Promise<number> {
  const startedMs = performance.now()
  let before = server.cpuUs()
  while (before !== undefined && performance.now() - startedMs < settleLimitMs) {
    await wait(2)
    const now = server.cpuUs()
    if (now === undefined || now - before < idleUs) break
    before = now
  }
  return performance.now() - startedMs
}
