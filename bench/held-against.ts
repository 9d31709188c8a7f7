import { readFile } from 'node:fs/promises'
import { differencesOf, type EarlierRun, parseEarlier } from './earlier.js'
import type { Environment } from './environment.js'
import { whyInfeasible } from './gates.js'
import { messageOf } from './message-of.js'
import { type Options, UsageError } from './options.js'
import type { Plan } from './plan.js'
import { unpaired } from './report/earlier.js'

/** What a run is held against, gates and an earlier run: looked at before anything is measured. */

type Wish = Pick<
  Options,
  'baseline' | 'baselineAnyway' | 'workers' | 'hosts' | 'topology' | 'connections' | 'rate'
>

/** @throws UsageError when a gate could never be judged */
export function demandFeasible(plan: Plan, earlier: EarlierRun | undefined): void {
  const reason = whyInfeasible(plan, earlier)
  if (reason !== undefined) throw new UsageError(reason)
}

/**
 * Reads the run that `--baseline` names, before anything is measured.
 * @returns `undefined` when none is named
 * @throws UsageError when it cannot be read, or was made on another machine or with other settings and nobody said "anyway"
 */
export async function readEarlier(options: Wish, environment: Environment): Promise<EarlierRun | undefined> {
  const { baseline, baselineAnyway, workers, hosts, topology, connections, rate } = options
  if (baseline === undefined) return undefined
  const earlier = await parsed(baseline)
  const run = { workers, hosts, topology, connections, ...(rate !== undefined && { rate }) }
  const differences = differencesOf({ environment, run }, earlier)
  if (differences.length > 0 && !baselineAnyway)
    throw new UsageError(
      `--baseline ${baseline}: expected a run of this machine and these settings, got others (${differences.join('; ')}); --baseline-anyway compares all the same`,
    )
  return earlier
}

async function parsed(path: string): Promise<EarlierRun> {
  try {
    return parseEarlier(await readFile(path, 'utf8'))
  } catch (cause) {
    const isFile = !(cause instanceof Error && 'code' in cause)
    const expected = isFile ? '' : 'expected the results.json of an earlier run, got '
    throw new UsageError(`--baseline ${path}: ${expected}${messageOf(cause)}`, { cause })
  }
}

/** What a reader must know of a comparison between runs. */
export function warning({ run }: EarlierRun): string {
  return `beside ${run.id}: ${unpaired}`
}
