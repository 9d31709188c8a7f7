import type { ScalingPhase, ScalingPlan, ScalingSeries } from './scaling/plan.js'
import { connectSites, leaveSites, openSeries, type Series, startGrounds } from './scaling/series.js'
import { fitRequests, runTurn } from './scaling/turn.js'
import type { Stage } from './timing/launch.js'

/** To start, warm up and fill the servers of a strategy, as a rule. */
const preparationMs = 25_000

/** The scaling study: one strategy after another, each at all sizes side by side. */
export async function measureScaling(stage: Stage): Promise<void> {
  const { scaling } = stage.plan
  if (scaling === undefined || stage.signal.aborted) return
  const longestMs = Math.max(...scaling.phases.map(({ endsMs }) => endsMs))
  const seconds = Math.ceil((scaling.series.length * (preparationMs + longestMs)) / 1_000)
  stage.progress.say(`scaling: ${scaling.series.length} strategies one after another, about ${seconds} s`)
  for (const planned of scaling.series) {
    if (!stage.signal.aborted) await runSeries(stage, scaling, planned)
  }
}

async function runSeries(stage: Stage, scaling: ScalingPlan, planned: ScalingSeries): Promise<void> {
  await using series = openSeries(stage, scaling, planned)
  await startGrounds(series)
  // A store that takes a minute to be filled is measured for as long as the others.
  const startedMs = performance.now()
  for (const [index, phase] of scaling.phases.entries()) {
    const later = scaling.phases.slice(index + 1).flatMap(({ cells }) => cells)
    await runPhase(series, phase, { blocks: planned.blocks[phase.name], startedMs })
    await leaveSites(series, later)
  }
}

const fewestBlocks = 2

interface Schedule {
  readonly blocks: readonly (readonly string[])[]
  readonly startedMs: number
}

/** Two blocks at least, however long the servers took to start: of one nobody knows how far it is off. */
async function runPhase(series: Series, phase: ScalingPhase, { blocks, startedMs }: Schedule): Promise<void> {
  const { signal, progress, folder, arm, sites } = series
  await connectSites(series, phase)
  await fitRequests(series, phase)
  for (const [block, order] of blocks.entries()) {
    if (signal.aborted || (block >= fewestBlocks && performance.now() - startedMs > phase.endsMs)) return
    progress.step(`scaling · ${arm.name} · ${phase.name} · block ${block + 1}/${blocks.length}`)
    for (const name of order) {
      const site = sites.get(name)
      if (site === undefined || signal.aborted) continue
      for (const slice of await runTurn(series, site, { phase, block })) await folder.appendScaling(slice)
    }
  }
}
