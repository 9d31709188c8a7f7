import { type Experiment, launchesThatFit } from './plan.js'
import { seededRandom } from './statistics.js'
import { collectGarbage } from './timing/garbage.js'
import { openLaunch, type Stage, startArms } from './timing/launch.js'
import { runTurn } from './timing/turn.js'
import { warmUp } from './timing/warm-up.js'

/** The timing study: the launches of the plan that its time has room for, each record on disk as soon as it is there. */
export async function measureTiming(stage: Stage): Promise<void> {
  const { experiments } = stage.plan
  const timeMs = experiments.reduce((sum, { limitMs }) => sum + limitMs, 0)
  let launches = experiments.length

  /** @returns how long a launch may take in all */
  function share(preparingMs: number): number {
    const fitting = launchesThatFit(experiments.length, timeMs, preparingMs)
    if (fitting < launches) {
      stage.progress.note(
        `timing · ${fitting} launches instead of ${launches}: preparing one took ${Math.round(preparingMs / 1_000)} s`,
      )
      launches = fitting
    }
    return timeMs / launches
  }

  for (const [place, experiment] of experiments.entries()) {
    if (stage.signal.aborted || place >= launches) return
    await runLaunch(stage, experiment, place === 0 ? share : () => timeMs / launches)
  }
}

async function runLaunch(
  stage: Stage,
  { launch: number, seed, arms, blocks }: Experiment,
  limitAfter: (preparingMs: number) => number,
): Promise<void> {
  const { signal, progress, folder } = stage
  const startedMs = performance.now()
  await using launch = openLaunch(stage, number, seededRandom(seed))
  await startArms(launch, arms)
  const startMs = performance.now() - startedMs
  await folder.appendTiming({ kind: 'warm-up', launch: number, startMs, ...(await warmUp(launch)) })
  const limitMs = limitAfter(performance.now() - startedMs)
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
