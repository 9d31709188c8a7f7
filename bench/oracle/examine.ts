import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadStrategy } from '../../src/load-strategy.js'
import type { Check } from '../checkers/check.js'
import { compose } from '../checkers/compose.js'
import { judgeHistory } from '../checkers/index.js'
import type { Phase, Subject } from '../checkers/mutants/index.js'
import { quick, type SiteName } from '../correctness/task.js'
import { runCorrectness } from '../correctness.js'
import { readHistories } from '../history-file.js'
import { packageRoot } from '../paths.js'
import type { RunServices } from '../services.js'

/** The site of the correctness study in which a mistake shows. */
export const siteOf: Readonly<Record<Phase, SiteName>> = {
  ordinary: 'ordinary',
  replay: 'ordinary',
  expiry: 'expiry',
  heap: 'heap',
  'kill-worker': 'faults',
  restart: 'faults',
  'corrupt-file': 'faults',
  'crash-at-write': 'faults',
  'pause-worker': 'pause',
  'full-disk': 'full-disk',
  'stop-engine': 'engine',
  'pause-engine': 'engine',
  'crash-engine': 'engine',
}

/** What one look at one store came to. */
export interface Examination {
  readonly subject: string
  readonly seed: number
  /** From the start of its servers until it was judged. */
  readonly seconds: number
  readonly checks: readonly Check[]
}

export interface Examiner {
  readonly seed: number
  readonly signal: AbortSignal
  /** Where the engines come from that a store needs. */
  readonly services: Pick<RunServices, 'fresh'>
  /** The phase in which its mistake shows; all sites, unless told. */
  readonly phase?: Phase
  /** All, unless told. */
  readonly sites?: readonly SiteName[]
}

/** Puts a store through the correctness study by its module's path, as any third party's. */
export async function examine(
  { name, file }: Subject,
  { seed, signal, services, phase, sites }: Examiner,
): Promise<Examination> {
  const startedMs = performance.now()
  const strategy = join(packageRoot, file)
  const { claims, engines = [] } = await loadStrategy(strategy)
  const folder = await mkdtemp(join(tmpdir(), 'crossworker-oracle-'))
  try {
    const chosen = phase === undefined ? sites && { sites } : { sites: [siteOf[phase]], faults: [phase] }
    const what = { strategy, name, claims, engines, services }
    const place = { topology: 'processes', hosts: 1, workers: 4 } as const
    await runCorrectness({ ...quick, ...what, ...place, seed, folder, signal, ...chosen })
    const sitesChecks: (readonly Check[])[] = []
    for await (const history of readHistories(folder, name)) sitesChecks.push(judgeHistory(history))
    const seconds = (performance.now() - startedMs) / 1_000
    return { subject: name, seed, seconds, checks: compose(sitesChecks) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
