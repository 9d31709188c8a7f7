import type { Fault, FaultKind, History, SyncLine } from '../history.js'
import { covers } from './rungs.js'
import { ms, several } from './telling.js'
import type { Violation } from './verdict.js'

/** What durability and no-resurrection share: the crashes a claim has to stand, and the acknowledgements timed against slow syncs. */

/** What ends processes: the server's own, or those of the engine that holds its data. */
const crashing: ReadonlySet<FaultKind> = new Set(['crash', 'engine'])

/** What excuses a look across a crash: an engine's end does only where it took more than was claimed. */
export const judgedElsewhere: readonly FaultKind[] = ['medium', 'clock']

/** Crashes of the server and of its engine that the claims cover and that were healed. */
export function coveredCrashes({ site, faults }: History): readonly Fault[] {
  return faults.filter(
    ({ of, loses, healMs }) =>
      crashing.has(of) &&
      loses !== 'nothing' &&
      covers(site.claims.survives, loses) &&
      healMs < Number.POSITIVE_INFINITY,
  )
}

/** Why nobody can tell whether the claim holds; `undefined` when it was put to its own test. */
export function untestedClaim(history: History): string | undefined {
  const { survives } = history.site.claims
  if (survives === 'nothing') return 'nothing is claimed'
  // Nobody cuts the power here: a restart and delayed syncs together stand in for it.
  const worst = survives === 'power-loss' ? 'restart' : survives
  if (coveredCrashes(history).some(({ loses }) => covers(loses, worst))) return undefined
  const missed = history.missed
    .filter(({ of }) => crashing.has(of))
    .map(({ fault, reason }) => `${fault}: ${reason ?? 'no reason given'}`)
  return [`it claims to survive ${survives}, and no ${worst} struck and was healed`, ...missed].join('; ')
}

export interface SyncFindings {
  readonly attempts: number
  readonly violations: readonly Violation[]
  readonly gap: string | undefined
  readonly remark: string | undefined
}

/** Syncs end late by less than this share of the delay, as the timers of tracer and client round. */
const toleratedShare = 0.9

/** Who claims to survive the loss of power must not acknowledge before the medium has it. Others may, and it is told. */
export function judgeSyncs(history: History, verb: SyncLine['verb']): SyncFindings {
  const lines = history.syncs.filter((line) => line.verb === verb)
  const unsynced = lines.filter(({ tookMs, delayMs }) => tookMs < delayMs * toleratedShare)
  const remark = lines.length === 0 ? undefined : tellSyncs(lines, unsynced.length)
  if (history.site.claims.survives !== 'power-loss')
    return { attempts: 0, violations: [], gap: undefined, remark }
  return {
    attempts: lines.length,
    violations: unsynced.map(({ tookMs, delayMs }) => ({
      ops: [],
      tell: () =>
        `one ${verb} was acknowledged after ${ms(tookMs)}, with every sync delayed by ${ms(delayMs)}`,
    })),
    gap: lines.length === 0 ? `no ${verb} was timed against delayed syncs` : undefined,
    remark,
  }
}

function tellSyncs(lines: readonly SyncLine[], unsynced: number): string {
  return `${several(unsynced, 'acknowledgement')} out of ${lines.length} came before the sync`
}
