import type { Captcha } from '../load/exchange.js'
import type { SliceRun } from '../load/generator.js'
import { messageOf } from '../message-of.js'
import { type Operation, operations } from '../slices.js'
import { measureBurst, settle } from '../timing/burst.js'
import type { ScalingPhase } from './plan.js'
import type { ScalingSlice } from './records.js'
import { abandon, reconnect, type Series, type Site, warm } from './series.js'

/** Requests of a trial slice, if there are not more connections than these. */
const trialRequests = 8

/**
 * Reads may take this many times longer: where the first ones load what others have changed, as of a file that all share,
 * fewer of them would seem to cost more each.
 */
const readShare = 20

/** Fits each cell's requests to the time meant for a slice, by an unmeasured turn of a few requests. */
export async function fitRequests(series: Series, phase: ScalingPhase): Promise<void> {
  for (const site of [...series.sites.values()]) {
    if (series.signal.aborted) return
    const { connections } = site.cell
    const few = Math.max(trialRequests, connections)
    site.requests = { write: few, read: few, take: few }
    const trial = await runTurn(series, site, { phase, block: -1 })
    const fitting = (limitMs: number, ...names: readonly Operation[]) => {
      const slices = trial.filter(({ operation }) => names.includes(operation))
      const most = limitMs / Math.max(0, ...slices.map(msPerRequest))
      return Math.max(connections, Math.floor(Math.min(phase.requests, most)))
    }
    const { sliceMs } = series.scaling
    const changes = fitting(sliceMs, 'write', 'take')
    const reads = fitting(sliceMs * readShare, 'read')
    site.requests = { write: changes, read: reads, take: changes }
  }
}

/** By the median, which a hiccup in a few requests does not move. */
function msPerRequest({ connections, clientP50Us, wallMs, settleMs, requests }: ScalingSlice): number {
  if (clientP50Us !== null) return clientP50Us / 1_000 / connections
  return (wallMs - settleMs) / Math.max(1, requests)
}

export interface Turn {
  readonly phase: ScalingPhase
  readonly block: number
}

/**
 * One cell's turn in a block: its population is brought to where it belongs, a few unmeasured requests warm the processor's
 * caches, and a slice of each operation follows. Reads and takes are of captchas chosen at random from all that live: the
 * newest alone would be those that a store has at hand, however many lie below them.
 */
export async function runTurn(series: Series, site: Site, turn: Turn): Promise<readonly ScalingSlice[]> {
  const { ground, requests } = site
  const slices: ScalingSlice[] = []
  try {
    // Writes then begin as far below the population that was planned as they end above it.
    await ground.stock.bringTo(Math.max(0, ground.population - Math.floor(requests.write / 2)))
    // A store too slow for all requests needs no warm caches: it would take longer over these than over its slices.
    if (requests.write === turn.phase.requests) await warm(ground)
    await settle(ground.server)
    for (const operation of operations) {
      const isIn = series.sites.get(site.cell.name) === site
      const slice = isIn ? await measureSlice(series, site, { ...turn, operation }) : undefined
      if (slice !== undefined) slices.push(slice)
    }
  } catch (error) {
    await abandon(series, ground, messageOf(error))
  }
  return slices
}

interface SliceTask extends Turn {
  readonly operation: Operation
}

/** @returns nothing when there was too little to send */
async function measureSlice(
  series: Series,
  site: Site,
  { operation, phase, block }: SliceTask,
): Promise<ScalingSlice | undefined> {
  const { server, stock } = site.ground
  const { workers, connections, population } = site.cell
  const count = site.requests[operation]
  const chosen = operation === 'write' ? [] : stock.choose(count, series.random)
  const work = operation === 'write' ? count : chosen
  if (operation !== 'write' && chosen.length < connections) return undefined
  const liveBefore = stock.size
  const { run, summary, costs } = await measureBurst(server, site.generator, { operation, work })
  if (operation === 'write') stock.add(run.answers.flatMap(({ captcha }) => captcha ?? []))
  if (operation === 'take') stock.forget(chosen)
  const live = (liveBefore + stock.size) / 2
  if (run.mistaken !== undefined) await reconnect(series, site)
  else if (server.ended() !== undefined) await abandon(series, site.ground, 'it ended')
  else if (operation === 'take') await stock.discard(refusedIn(run))
  const { client: _c, store: _s, pairs: _p, witness: _w, ...medians } = summary
  return {
    kind: 'scaling',
    phase: phase.name,
    strategy: series.arm.name,
    workers,
    connections,
    population,
    block,
    operation,
    live,
    ...medians,
    ...costs,
  }
}

/** Another worker's captcha, where workers do not share: it lives on unless the worker that issued it takes it. */
function refusedIn({ answers }: SliceRun): readonly Captcha[] {
  return answers.flatMap(({ status, captcha }) => (status === 200 || captcha === undefined ? [] : [captcha]))
}
