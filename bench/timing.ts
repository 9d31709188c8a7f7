import type { Experiment } from './plan.js'
import { seededRandom } from './statistics.js'
import { collectGarbage } from './timing/garbage.js'
import { openLaunch, type Stage, startArms } from './timing/launch.js'
import { runTurn } from './timing/turn.js'
import { warmUp } from './timing/warm-up.js'

/** The timing study: every launch of the plan, each record on disk as soon as it is there. */
export async function measureTiming(stage: Stage): Promise<void> {
  for (const experiment of stage.plan.experiments) {
    if (!stage.signal.aborted) await runLaunch(stage, experiment)
  }
}

async function runLaunch(
  stage: Stage,
  { launch: number, seed, arms, blocks, limitMs }: Experiment,
): Promise<void> {
  const { signal, progress, folder } = stage
  const startedMs = performance.now()
  await using launch = openLaunch(stage, number, seededRandom(seed))
  await startArms(launch, arms)
  const startMs = performance.now() - startedMs
  await folder.appendTiming({ kind: 'warm-up', launch: number, startMs, ...(await warmUp(launch)) })
  let lastBlockMs = 0
  for (const [block, order] of blocks.entries()) {
    const spentMs = performance.now() - startedMs
    // One block at least, however slow the servers were to start: a run that measured nothing helps nobody. No other that
    // would end after the limit: in an open loop that asks too much, blocks take many seconds.
    if (signal.aborted || (block > 0 && spentMs + lastBlockMs > limitMs)) break
    progress.block({ launch: number, block, blocks: blocks.length, spentMs, limitMs })
    collectGarbage('all')
    for (const name of order) await runTurn(launch, name, block)
    lastBlockMs = performance.now() - startedMs - spentMs
  }
  progress.launchEnded(number)
}
