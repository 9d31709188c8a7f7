import type { GateResult, Results, StrategyResult } from '../results.js'
import { everyone, type Gate } from './parse.js'
import { type Figure, type Place, places } from './paths.js'

/** Holds a run's results against its gates, in their order; `all` has a row a strategy. Pure. */
export function judgeGates(gates: readonly Gate[], results: Results): GateResult[] {
  return gates.flatMap((gate) => {
    const place = places.get(gate.path)
    if (place === undefined) throw new Error(`gates: expected a known path, got ${JSON.stringify(gate.path)}`)
    return namesFor(gate, place, results).map((name) => judgeOne({ gate, place, name, results }))
  })
}

/** Exhibits are wrong on purpose: whoever wants to hold one to a limit names it. What is new has not changed. */
function namesFor(
  { strategy }: Gate,
  { isChange }: Place,
  { strategies, earlier }: Results,
): readonly string[] {
  if (strategy !== everyone) return [strategy]
  const isNew = (name: string) => earlier?.changes.every((change) => change.strategy !== name) ?? true
  const names = strategies
    .filter(({ exhibit, skipped }) => exhibit === undefined && skipped === undefined)
    .map(({ name }) => name)
    .filter((name) => isChange === undefined || !isNew(name))
  return names.length === 0 ? [everyone] : names
}

interface Held {
  readonly gate: Gate
  readonly place: Place
  readonly name: string
  readonly results: Results
}

function judgeOne({ gate, place, name, results }: Held): GateResult {
  const { text, path, operator, limit } = gate
  const strategy = results.strategies.find((candidate) => candidate.name === name)
  const figure = strategy && place.figure(strategy, results)
  return {
    gate: text,
    strategy: name,
    path,
    operator,
    limit,
    unit: place.unit,
    value: figure?.value ?? null,
    interval: intervalOf(figure),
    ...(figure === undefined
      ? { verdict: 'unmeasured' as const, reason: whyUnmeasured(name, place, strategy) }
      : decide(gate, place, figure)),
  }
}

function intervalOf(figure: Figure | undefined): GateResult['interval'] {
  const interval = figure?.interval ?? null
  return interval && { low: interval.low, high: interval.high }
}

const fails: Readonly<Record<GateResult['operator'], (value: number, limit: number) => boolean>> = {
  '>': (value, limit) => value > limit,
  '>=': (value, limit) => value >= limit,
  '<': (value, limit) => value < limit,
  '<=': (value, limit) => value <= limit,
}

function decide(
  { operator, limit }: Gate,
  { unit }: Place,
  { value, interval }: Figure,
): Pick<GateResult, 'verdict' | 'reason'> {
  // No finite number of attempts brings the interval of a rate to 0 or 1, so such a limit asks whether it was ever seen.
  const isEver = unit === 'share' && (limit === 0 || limit === 1)
  const judged = isEver ? { low: value, high: value } : interval
  if (judged === null)
    return { verdict: 'undecided', reason: 'measured too little for an interval: more launches give one' }
  // The failing side is a half-line: an interval lies in it when both its ends do.
  const ends = [judged.low, judged.high].map((end) => fails[operator](end, limit))
  if (ends.every(Boolean)) return { verdict: 'broken' }
  return { verdict: ends.some(Boolean) ? 'undecided' : 'held' }
}

function whyUnmeasured(
  name: string,
  { isChange, isWait }: Place,
  strategy: StrategyResult | undefined,
): string {
  if (name === everyone)
    return isChange ? 'no strategy was measured often enough in both runs' : 'none took part but exhibits'
  if (strategy === undefined) return 'no such strategy in this run'
  if (strategy.skipped !== undefined) return `skipped: ${strategy.skipped}`
  if (isWait && strategy.timing?.some(({ openLoop }) => openLoop?.kept === false))
    return 'it did not keep the pace: what its clients waited is the length of a queue'
  return strategy.failed ?? 'this run did not measure it'
}
