import { fUpperTail } from './distributions.js'
import { mean, squares } from './location.js'

/** A server against a baseline in one operation, as its launches saw it. */
export interface Contrast {
  readonly server: string
  readonly baseline: string
  readonly operation: string
  /** Where each launch that held a block lies, on the log scale. */
  readonly launches: readonly { readonly number: number; readonly location: number }[]
  /** The variance that blocks alone lend to a location. */
  readonly within: number
}

/** How far the launches of a contrast differ beyond its blocks. */
export interface Luck {
  /** Variance that luck adds to a location. */
  readonly excess: number
  /** The variance of locations that launches show, with so many degrees of freedom. */
  readonly between: number
  readonly df: number
}

/** What one launch knows of it. */
export const noLuck: Luck = { excess: 0, between: 0, df: 0 }

/**
 * The luck of each contrast, from what all of them tell together.
 *
 * Contrasts with one baseline share its luck, so they are looked at as what they are differences of: servers, the baseline one
 * of them, that scatter around their mean in each launch. Seven contrasts, eight servers and 3 launches have 14 degrees of
 * freedom; the variances of the seven, each with the baseline's luck in it, would be worth 5.6. Luck is the variance that makes
 * the scatter what it should be (Paule and Mandel, 1982): each server weighs by the precision of its locations, so that a noisy one
 * drowns nobody. And it is the same lottery in whatever the servers do: what was told apart by 7 degrees of freedom is by 14.
 *
 * A stranger, whose launches the luck of the others does not explain, is left out, and its contrasts stand alone: a store that creates
 * files became five times slower from launch to launch, and made every interval three times as wide. So does all that is compared
 * with a baseline that is one.
 *
 * @param contrasts of the servers of one run; one that lacks a launch of the others gets their luck, and tells nothing of it
 */
export function luckEach(contrasts: readonly Contrast[]): readonly Luck[] {
  const every = new Set(contrasts.flatMap(({ launches }) => launches.map(({ number }) => number)))
  const whole = contrasts.filter(({ launches }) => launches.length === every.size)
  const crews = crewsOf(whole)
  const strangers = strangersIn(crews)
  const shared = commonLuck(crews.map((crew) => crew.filter(({ name }) => !strangers.has(name))))
  return contrasts.map((contrast) => {
    const { server, baseline } = contrast
    if (!strangers.has(server) && !strangers.has(baseline)) return luckOf(contrast, shared)
    const own = contrasts.filter((other) => other.server === server && other.baseline === baseline)
    return luckOf(contrast, commonLuck(crewsOf(own)))
  })
}

/** One of the servers that run together, in one operation, seen from its baseline: which lies at 0 in every launch. */
interface Server {
  readonly name: string
  readonly locations: readonly number[]
  readonly within: number
}

/** Those that were measured against one baseline, in one operation. */
type Crew = readonly Server[]

function crewsOf(contrasts: readonly Contrast[]): readonly Crew[] {
  const crews = new Map<string, Contrast[]>()
  for (const contrast of contrasts) {
    const key = JSON.stringify([contrast.baseline, contrast.operation])
    crews.set(key, [...(crews.get(key) ?? []), contrast])
  }
  return [...crews.values()].map(crewOf)
}

/** The baseline is taken to be as quiet as its quietest rival. */
function crewOf(contrasts: readonly Contrast[]): Crew {
  const quiet = Math.min(...contrasts.map(({ within }) => within)) / 2
  const rivals = contrasts.map(({ server, launches, within }) => ({
    name: server,
    locations: launches.map(({ location }) => location),
    within: within - quiet,
  }))
  const [first] = contrasts
  if (first === undefined) return rivals
  return [...rivals, { name: first.baseline, locations: first.launches.map(() => 0), within: quiet }]
}

interface CommonLuck {
  /** Of one server's location. */
  readonly variance: number
  /** The scatter ÷ what blocks explain of it. */
  readonly dispersion: number
  readonly degrees: number
  readonly withins: readonly number[]
}

function commonLuck(crews: readonly Crew[]): CommonLuck {
  const differences = differencesIn(crews)
  const degrees = differences * independence(crews)
  const withins = crews.flat().map(({ within }) => within)
  const most = crews.flat().reduce((sum, { locations }) => sum + squares(locations), 0)
  if (differences === 0 || most === 0) return { variance: 0, dispersion: 0, degrees, withins }
  // Blocks without any spread would weigh without bound.
  const least = most * 1e-9
  const known = crews.map((crew) => crew.map((server) => ({ ...server, within: server.within + least })))
  const scatter = (variance: number) => known.reduce((sum, crew) => sum + scatterOf(crew, variance), 0)
  const dispersion = scatter(0) / differences
  const variance = dispersion > 1 ? falling(scatter, { to: differences, below: most }) : 0
  return { variance, dispersion, degrees, withins: known.flat().map(({ within }) => within) }
}

/** Of a contrast: twice that of a server, in what is known of it as of a server whose locations are half as variable. */
function luckOf({ within }: Contrast, { variance, dispersion, degrees, withins }: CommonLuck): Luck {
  const excess = 2 * variance
  const expected = within + excess
  if (degrees === 0 || expected === 0) return { ...noLuck, df: degrees }
  const information = mean(withins.map((each) => (expected / 2 / (each + variance)) ** 2))
  return { excess, between: within * Math.min(1, dispersion) + excess, df: degrees * information }
}

function differencesIn(crews: readonly Crew[]): number {
  return crews.reduce((sum, crew) => {
    const launches = crew[0]?.locations.length ?? 0
    return sum + Math.max(0, crew.length - 1) * Math.max(0, launches - 1)
  }, 0)
}

/** Correlation of a server's luck in two operations, squared: 0.04 (throughput) to 0.25 (p50) and 0.45 (the store's) in five runs. */
const kinship = 0.25

/** What a degree of freedom is worth where the same servers are seen in several operations. */
function independence(crews: readonly Crew[]): number {
  const names = crews.flat().map(({ name }) => name)
  const times = names.length / Math.max(1, new Set(names).size)
  return 1 / (1 + (times - 1) * kinship)
}

/** Weighted squares of what is left of the locations without their means over launches and over servers. */
function scatterOf(crew: Crew, variance: number): number {
  const weights = crew.map(({ within }) => 1 / (within + variance))
  const centres = centresOf(crew, weights)
  return crew.reduce((sum, { locations }, place) => {
    const rest = locations.map((location, launch) => location - (centres[launch] ?? 0))
    return sum + (weights[place] ?? 0) * squares(rest)
  }, 0)
}

/** The weighted mean of the servers in each launch. */
function centresOf(crew: Crew, weights: readonly number[]): readonly number[] {
  const whole = weights.reduce((sum, weight) => sum + weight, 0)
  const launches = crew[0]?.locations ?? []
  return launches.map((_, launch) =>
    crew.reduce(
      (sum, { locations }, place) => sum + ((weights[place] ?? 0) / whole) * (locations[launch] ?? 0),
      0,
    ),
  )
}

/** Where a falling function of a variance comes down to a value. */
function falling(of: (variance: number) => number, { to, below }: { to: number; below: number }): number {
  let [low, high] = [0, below]
  for (let step = 0; step < 60; step += 1) {
    const middle = (low + high) / 2
    if (of(middle) > to) low = middle
    else high = middle
  }
  return (low + high) / 2
}

/**
 * A server whose launches differ more than so rarely by the luck of the others, in all it does, has a luck of its own. Simulated, eight
 * servers, three operations whose luck is correlated by 0 to 0.9, and 2 or 3 launches: equal servers are covered in 94 to 98 % of runs,
 * wild ones in 86 to 95. At 0.01 the luck of three wild ones makes the others' intervals wider by a tenth; at 0.05 an equal server,
 * and with it the baseline of all, is so often taken for wild that their widest tenth is wider by a fifth to a half. Asked operation by
 * operation wild ones were covered in 78 to 85 % of runs, and where the baseline was taken for one intervals were twenty times as wide.
 */
const strangeP = 0.03

/**
 * What is left when the calmer half has taken in, the least strange first, whom its luck explains. Begun from all of them, the
 * strangest to leave first, three wild ones hid each other: the widest tenth of the others' intervals was wider by a quarter.
 */
function strangersIn(crews: readonly Crew[]): ReadonlySet<string> {
  const names = [...new Set(crews.flat().map(({ name }) => name))]
  const calmest = rate(names, crews, new Set(names)).slice(0, Math.floor(names.length / 2) + 1)
  const known = new Set(calmest.map(({ name }) => name))
  for (;;) {
    const others = names.filter((name) => !known.has(name))
    const [next] = rate(others, crews, known)
    if (next === undefined || next.p < strangeP) return new Set(others)
    known.add(next.name)
  }
}

/** How strange servers are to those that are known, the least strange first. */
function rate(names: readonly string[], crews: readonly Crew[], known: ReadonlySet<string>) {
  const company = (own: string) =>
    crews.map((crew) => crew.filter(({ name }) => name === own || known.has(name)))
  return names.map((name) => ({ name, p: strangeness(name, company(name)) })).toSorted((a, b) => b.p - a.p)
}

/** How likely the distances of a server from the others of its crews differ so much, when its luck is that of all the others. */
function strangeness(name: string, crews: readonly Crew[]): number {
  const others = crews.map((crew) => crew.filter((other) => other.name !== name))
  const { variance, degrees } = commonLuck(others)
  const seen = crews.flatMap((crew, place) => {
    const server = crew.find((each) => each.name === name)
    const company = others[place] ?? []
    return server === undefined || company.length === 0 ? [] : [{ server, company }]
  })
  const distances = seen.map(({ server, company }) => distancesFrom(company, server, variance))
  const launches = mean(seen.map(({ server }) => server.locations.length - 1))
  const own = seen.length * launches * independence(seen.map(({ server }) => [server]))
  if (degrees === 0 || !(own > 0) || distances.includes(Number.NaN)) return 1
  return fUpperTail(mean(distances) / launches, own, degrees)
}

/** Squares of what a server's distances from its company differ by, ÷ their variance: as much as there are launches but one, by luck. */
function distancesFrom(company: Crew, { locations, within }: Server, variance: number): number {
  const weights = company.map((other) => 1 / (other.within + variance))
  const expected = within + variance + 1 / weights.reduce((sum, weight) => sum + weight, 0)
  const centres = centresOf(company, weights)
  return squares(locations.map((location, launch) => location - (centres[launch] ?? 0))) / expected
}
