import { fUpperTail } from './distributions.js'
import { mean, squares } from './location.js'

/** A server against the baseline of its group, as its launches saw it. */
export interface Contrast {
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
 * drowns nobody.
 *
 * A stranger, whose launches the luck of the others does not explain, is left out, and its contrast stands alone: a store that creates
 * files became five times slower from launch to launch, and made every interval three times as wide. So does all that is compared
 * with a baseline that is one.
 *
 * @param groups what is compared with one baseline, for each baseline; one that lacks a launch of the others gets their luck, and
 *   tells nothing of it
 */
export function luckEach(groups: readonly (readonly Contrast[])[]): readonly (readonly Luck[])[] {
  const every = new Set(groups.flat().flatMap(({ launches }) => launches.map(({ number }) => number)))
  const crews = groups.map((contrasts) =>
    crewOf(contrasts.filter(({ launches }) => launches.length === every.size)),
  )
  const strangers = strangersIn(crews)
  const shared = commonLuck(crews.map((crew) => crew.filter((server) => !strangers.has(server))))
  return groups.map((contrasts, index) => {
    const strange = (crews[index] ?? []).filter((server) => strangers.has(server))
    const isStrange = (contrast: Contrast) => strange.some(({ of }) => of === 'baseline' || of === contrast)
    return contrasts.map((contrast) =>
      luckOf(contrast, isStrange(contrast) ? commonLuck([crewOf([contrast])]) : shared),
    )
  })
}

/** One of the servers that run together, seen from its baseline: which lies at 0 in every launch. */
interface Server {
  readonly of: Contrast | 'baseline'
  readonly locations: readonly number[]
  readonly within: number
}

/** The baseline is taken to be as quiet as its quietest rival. */
function crewOf(contrasts: readonly Contrast[]): readonly Server[] {
  if (contrasts.length === 0) return []
  const quiet = Math.min(...contrasts.map(({ within }) => within)) / 2
  const rivals = contrasts.map((contrast) => ({
    of: contrast,
    locations: contrast.launches.map(({ location }) => location),
    within: contrast.within - quiet,
  }))
  const nowhere = contrasts[0]?.launches.map(() => 0) ?? []
  return [...rivals, { of: 'baseline', locations: nowhere, within: quiet }]
}

interface CommonLuck {
  /** Of one server's location. */
  readonly variance: number
  /** The scatter ÷ what blocks explain of it. */
  readonly dispersion: number
  readonly degrees: number
  readonly withins: readonly number[]
}

function commonLuck(crews: readonly (readonly Server[])[]): CommonLuck {
  const degrees = degreesOf(crews)
  const withins = crews.flat().map(({ within }) => within)
  const most = crews.flat().reduce((sum, { locations }) => sum + squares(locations), 0)
  if (degrees === 0 || most === 0) return { variance: 0, dispersion: 0, degrees, withins }
  // Blocks without any spread would weigh without bound.
  const least = most * 1e-9
  const known = crews.map((crew) => crew.map((server) => ({ ...server, within: server.within + least })))
  const scatter = (variance: number) => known.reduce((sum, crew) => sum + scatterOf(crew, variance), 0)
  const dispersion = scatter(0) / degrees
  const variance = dispersion > 1 ? falling(scatter, { to: degrees, below: most }) : 0
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

function degreesOf(crews: readonly (readonly Server[])[]): number {
  const launches = crews.flat()[0]?.locations.length ?? 0
  return crews.reduce((sum, crew) => sum + Math.max(0, crew.length - 1) * Math.max(0, launches - 1), 0)
}

/** Weighted squares of what is left of the locations without their means over launches and over servers. */
function scatterOf(crew: readonly Server[], variance: number): number {
  const weights = crew.map(({ within }) => 1 / (within + variance))
  const centres = centresOf(crew, weights)
  return crew.reduce((sum, { locations }, place) => {
    const rest = locations.map((location, launch) => location - (centres[launch] ?? 0))
    return sum + (weights[place] ?? 0) * squares(rest)
  }, 0)
}

/** The weighted mean of the servers in each launch. */
function centresOf(crew: readonly Server[], weights: readonly number[]): readonly number[] {
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
 * A server whose launches differ more than so rarely by the luck of the others has a luck of its own. Simulated, eight servers and 2 or 3
 * launches: equal servers are covered in 94 to 97 % of runs, wild ones in 87 to 90. At 0.01 wild ones in 86, and their luck widens the
 * intervals of the others by a tenth; at 0.1 an equal server, and with it the baseline of all, is so often taken for wild that
 * the widest tenth of intervals is two to five times as wide.
 */
const strangeP = 0.03

/** One after another, the strangest first: two would hide each other. */
function strangersIn(crews: readonly (readonly Server[])[]): ReadonlySet<Server> {
  const strangers = new Set<Server>()
  for (;;) {
    const left = crews.map((crew) => crew.filter((server) => !strangers.has(server)))
    const rated = left.flatMap((crew, place) =>
      crew.map((server) => ({ server, p: strangeness(server, left, place) })),
    )
    const strangest = rated.toSorted((a, b) => a.p - b.p).at(0)
    if (strangest === undefined || strangest.p >= strangeP) return strangers
    strangers.add(strangest.server)
  }
}

/** How likely the distances of a server from the others of its crew differ so much, when its luck is that of all the others. */
function strangeness(server: Server, crews: readonly (readonly Server[])[], place: number): number {
  const others = crews.map((crew) => crew.filter((other) => other !== server))
  const { variance, degrees } = commonLuck(others)
  const company = others[place] ?? []
  const weights = company.map(({ within }) => 1 / (within + variance))
  const expected = server.within + variance + 1 / weights.reduce((sum, weight) => sum + weight, 0)
  if (degrees === 0 || company.length === 0 || !(expected > 0)) return 1
  const centres = centresOf(company, weights)
  const distances = server.locations.map((location, launch) => location - (centres[launch] ?? 0))
  const launches = distances.length - 1
  return fUpperTail(squares(distances) / launches / expected, launches, degrees)
}
