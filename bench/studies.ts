import { recordCorrectness } from './correctness/study.js'
import { recordIsolation } from './isolation.js'
import { measureMicro } from './micro.js'
import { measureScaling } from './scaling.js'
import type { Stage } from './timing/launch.js'
import { measureTiming } from './timing.js'

/** Runs the studies of the plan one after another; the last record says whether all of it was measured. */
export async function runStudies(stage: Stage): Promise<void> {
  const startedMs = performance.now()
  const seconds = () => (performance.now() - startedMs) / 1_000
  await measureTiming(stage)
  const timingSeconds = seconds()
  await recordIsolation(stage)
  await recordCorrectness(stage)
  await measureMicro(stage)
  await measureScaling(stage)
  await stage.folder.appendTiming({
    kind: 'end',
    partial: stage.signal.aborted,
    wallSeconds: seconds(),
    timingSeconds,
  })
}
