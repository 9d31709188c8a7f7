import { type RawRun, toResults } from '../judge.js'
import { type ComparisonPlan, makePlan, noopName, twinName } from '../plan.js'
import type { Results } from '../results.js'
import { type Behaviour, entrant, environment, memory, occasion, options, paced, record } from './fixtures.js'

/** A hand-made run of two versions. */
export interface ComparedWishes {
  /** The cost of each head, as a multiple of its base's. */
  readonly heads?: Readonly<Record<string, number>>
  readonly maxSlowdown?: number
  /** Requests per second of an open loop. */
  readonly rate?: number
  /** A strategy that the base lacks. */
  readonly added?: string
  readonly blocks?: number
}

export function comparisonOf(names: readonly string[], more: Partial<ComparisonPlan> = {}): ComparisonPlan {
  return {
    base: { ref: 'main', commit: '0123456789abcdef' },
    head: { commit: 'fedcba9876543210', isChanged: true },
    pairs: names.map((name) => ({ head: name, base: `${name}@base`, baseModule: name })),
    added: [],
    ...more,
  }
}

export function comparedRun(wishes: ComparedWishes = {}): RawRun {
  const { heads = { memory: 1, sqlite: 1.3 }, maxSlowdown, rate, added, blocks = 12 } = wishes
  const names = Object.keys(heads)
  const comparison = comparisonOf(names, {
    ...(maxSlowdown !== undefined && { maxSlowdown }),
    ...(added !== undefined && { added: [added] }),
  })
  const entrants = [memory, ...[...names, ...(added ? [added] : [])].map((name) => entrant(name))].filter(
    ({ name }, index, all) => all.findIndex((other) => other.name === name) === index,
  )
  const plan = makePlan({ ...options, rate }, entrants, { ...occasion, comparison })
  const more = rate === undefined ? {} : { more: { openLoop: paced({ rate }), throughput: rate } }
  // Strategies differ among themselves as well; that is nobody's question here.
  const costOf = (index: number) => 1 + index
  const behaviours: Record<string, Behaviour> = {
    ...Object.fromEntries(
      Object.entries(heads).flatMap(([name, cost], index) => [
        [name, { cost: cost * costOf(index), ...more }],
        [`${name}@base`, { cost: costOf(index), ...more }],
      ]),
    ),
    ...(added && { [added]: { cost: 2, ...more } }),
    [twinName]: { cost: 1, ...more },
    [noopName]: { cost: 0.8, ...more },
  }
  return { plan, environment, records: record({ blocks, behaviours }) }
}

/** Kept: judging resamples, and most tests look at the same few runs. */
const known = new Map<string, Results>()

export function comparedResults(wishes: ComparedWishes = {}): Results {
  const key = JSON.stringify(wishes)
  const results = known.get(key) ?? toResults(comparedRun(wishes))
  known.set(key, results)
  return results
}
