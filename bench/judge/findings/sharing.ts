import type { Crash, Isolation } from '../../isolation/record.js'
import { type RatioResult, type StrategyResult, timingRow } from '../../results.js'
import { decide, type Evidence, type Found, uncovered } from './examine.js'

/** The note's sentences on what workers share: a manager, memory, a process. */

/** Computing in several workers at once counts as several cores from here on, and as one core up to there. */
const [severalCores, oneCore] = [1.3, 1.1]

/** 5. A manager is slower than memory and loses its data on restart. */
export function examineManager({ find }: Evidence): Found {
  const manager = find('manager')
  const ratios = throughputRatios(manager)
  const { looked, kept } = manager?.correctness?.restarts ?? { looked: 0, kept: 0 }
  if (ratios === undefined || looked === 0)
    return uncovered('it needs the timing and the restarts of a manager strategy')
  const isSlower = ratios.every(({ verdict }) => verdict === 'slower')
  const isAsFast = ratios.some(({ verdict }) => verdict === 'faster' || verdict === 'equivalent')
  return {
    measured: `manager: throughput ÷ memory ${told(ratios)}; after a restart ${kept} of ${looked} captchas were still there.`,
    verdict: decide(isSlower && kept === 0, isAsFast || kept > looked / 2),
  }
}

/** Stores in shared memory are no rivals of it. */
const inSharedMemory = ['shared-memory', 'journal', 'owner']

/** 6. Shared memory is not worth it: it is, where it keeps its claims and every store elsewhere that reaches as far costs more. */
export function examineSharedMemory({ find, strategies }: Evidence): Found {
  const shared = find('shared-memory')
  const own = throughputRatios(shared)
  if (shared === undefined || own === undefined)
    return uncovered('it needs the timing of a shared-memory strategy')
  const rivals = strategies.filter(
    (strategy) => !inSharedMemory.includes(strategy.name) && reachesHost(strategy),
  )
  const others = rivals.flatMap((rival) => {
    const ratios = throughputRatios(rival)
    return ratios === undefined ? [] : [{ name: rival.name, ratios }]
  })
  const [best] = others.toSorted((a, b) => product(b.ratios) - product(a.ratios))
  if (best === undefined) return uncovered('no other store that works across processes was timed')
  const ahead = own.map(({ low }, index) => low > (best.ratios[index]?.high ?? 0))
  const behind = own.map(({ high }, index) => high < (best.ratios[index]?.low ?? 0))
  const isKept = shared.correctness?.verdict !== 'invalid'
  return {
    measured: `shared-memory: throughput ÷ memory ${told(own)}; the next fastest that works across processes, elsewhere than in shared memory, is ${best.name} with ${told(best.ratios)}.`,
    verdict: decide(!isKept || behind.every(Boolean), isKept && ahead.every(Boolean)),
  }
}

/** 7. One crash kills all threads; processes isolate crashes and use several cores. */
export function examineIsolation({ isolation }: Evidence): Found {
  const [threads, processes] = (['threads', 'processes'] as const).map((kind) =>
    isolation.find(({ topology }) => topology === kind),
  )
  if (threads === undefined || processes === undefined) return uncovered('it needs the correctness study')
  const killsAll = threads.crashes.every(({ unharmed }) => unharmed === 0)
  const isolates = processes.crashes.every(({ unharmed, others }) => unharmed === others)
  const cores = processes.coresUsed ?? Number.NaN
  return {
    measured: `${crashesOf(threads)}; ${crashesOf(processes)}.`,
    verdict: decide(
      killsAll && isolates && cores >= severalCores,
      !killsAll || !isolates || cores <= oneCore,
    ),
  }
}

/** 8. Processes do not share descriptors or connections. */
export function examineDescriptors({ isolation }: Evidence): Found {
  const processes = isolation.find(({ topology }) => topology === 'processes')?.connections
  if (processes === undefined || processes === null || processes.open === 0)
    return uncovered('it needs the correctness study, and /proc')
  const threads = isolation.find(({ topology }) => topology === 'threads')?.connections
  const beside = threads
    ? `; of threads ${threads.shared} of ${threads.open}, which is one table for all`
    : ''
  return {
    measured: `Of ${processes.open} open connections of worker processes ${processes.shared} were in the tables of two${beside}.`,
    verdict: decide(processes.shared === 0, processes.shared > 0),
  }
}

function crashesOf({ topology, crashes, coresUsed }: Isolation): string {
  const cores = coresUsed === null ? '' : `, ${coresUsed.toFixed(1)} cores in use while all computed`
  return `${topology}: ${crashes.map(tellCrash).join(', ')}${cores}`
}

function tellCrash({ how, unharmed, others }: Crash): string {
  const what = how === 'throw' ? 'an exception nobody caught' : 'a kill'
  return `${what} in one left ${unharmed} of ${others} others unharmed`
}

function reachesHost({ claims, exhibit, correctness, skipped }: StrategyResult): boolean {
  const isWide = claims.scope === 'host' || claims.scope === 'fleet'
  return isWide && exhibit === undefined && skipped === undefined && correctness?.verdict !== 'invalid'
}

/** Of write and take, to the baseline; nothing unless both were measured against memory. */
function throughputRatios(strategy: StrategyResult | undefined): readonly RatioResult[] | undefined {
  const ratios = (['write', 'take'] as const).flatMap((operation) => {
    const row = timingRow(strategy?.timing, operation, 'client')
    return (
      row?.ratios.filter(({ metric, baseline }) => metric === 'throughput' && baseline === 'memory') ?? []
    )
  })
  return ratios.length === 2 ? ratios : undefined
}

function product(ratios: readonly RatioResult[]): number {
  return ratios.reduce((result, { value }) => result * value, 1)
}

function told([write, take]: readonly RatioResult[]): string {
  const one = (ratio: RatioResult | undefined) =>
    ratio === undefined
      ? '–'
      : `${ratio.value.toFixed(2)} [${ratio.low.toFixed(2)}, ${ratio.high.toFixed(2)}]`
  return `${one(write)} in writes and ${one(take)} in takes`
}
