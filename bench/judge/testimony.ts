import {
  disturbances,
  findableWithin,
  isDecisive,
  isInLife,
  isMissed,
  livesOf,
  looksOf,
} from '../checkers/captcha-lives.js'
import type { Check } from '../checkers/check.js'
import { compose, judgeRungs, ladderOf, type Rung, type RungChecks } from '../checkers/compose.js'
import { judgeHistory } from '../checkers/index.js'
import { reachOf, type Shape } from '../checkers/rungs.js'
import type { History, Op } from '../history.js'
import type { CheckResult } from '../results.js'
import type { PairCount } from '../slices.js'
import { timeline } from './timeline.js'

/** What one site's history comes to: small, so that the next history can take its place in memory. */
export interface Statement {
  readonly shape: Shape
  readonly checks: readonly Check[]
  /** By check, of those that were broken here. */
  readonly timelines: ReadonlyMap<string, NonNullable<CheckResult['witness']>>
  readonly rungs: RungChecks
  readonly pairs: readonly PairCount[]
  readonly races: Testimony['races']
  readonly restarts: Testimony['restarts']
  readonly failed?: string | undefined
}

/** What the histories of one strategy come to. */
export interface Testimony {
  readonly checks: readonly CheckResult[]
  readonly ladder: readonly Rung[]
  /** First takes with the right answer, while the captcha lived and no fault excused the store. */
  readonly pairs: readonly PairCount[]
  readonly races: { readonly forced: number; readonly overlapping: number }
  /** Captchas acknowledged before all processes died, by the first look at each afterwards. */
  readonly restarts: { readonly looked: number; readonly kept: number }
  /** Why everyday use, where nothing goes wrong on purpose, came to an end before its time. */
  readonly failed?: string
}

/** Pure: every checker over one site. */
export function hear(history: History): Statement {
  const { site, gaps } = history
  const checks = judgeHistory(history)
  const shown = checks.filter(({ witness }) => witness.length > 0)
  return {
    shape: site,
    checks,
    timelines: new Map(shown.map(({ name, witness }) => [name, timeline(history, witness)])),
    rungs: judgeRungs(history),
    pairs: pairsOf(history),
    races: countRaces(history),
    restarts: countRestarts(history),
    failed: site.name === 'ordinary' ? gaps.find(({ ended }) => ended)?.reason : undefined,
  }
}

/**
 * Pure: the sites of one strategy together. Workers have the same number on sites that are laid out otherwise and are not the
 * same neighbours, so that only sites laid out as the run is tell of pairs of workers.
 */
export function testimonyOf(statements: readonly Statement[], run: Omit<Shape, 'workers'> = {}): Testimony {
  const failed = statements.find((statement) => statement.failed !== undefined)?.failed
  const total = (of: keyof Testimony['races']) => statements.reduce((sum, { races }) => sum + races[of], 0)
  return {
    checks: compose(statements.map(({ checks }) => checks)).map((check) => toResult(check, statements)),
    ladder: ladderOf(statements.map(({ rungs }) => rungs)),
    pairs: statements.filter(({ shape }) => isAlike(shape, run)).flatMap(({ pairs }) => pairs),
    races: { forced: total('forced'), overlapping: total('overlapping') },
    restarts: {
      looked: statements.reduce((sum, { restarts }) => sum + restarts.looked, 0),
      kept: statements.reduce((sum, { restarts }) => sum + restarts.kept, 0),
    },
    ...(failed !== undefined && { failed }),
  }
}

function isAlike(
  { topology = 'processes', hosts = 1 }: Shape,
  { topology: wanted = 'processes', hosts: many = 1 }: Omit<Shape, 'workers'>,
): boolean {
  return topology === wanted && hosts === many
}

function toResult({ witness, site, ...check }: Check, statements: readonly Statement[]): CheckResult {
  const source = statements.find(({ checks }) => checks.some((own) => own.site === site))
  const moments = witness.length > 0 ? source?.timelines.get(check.name) : undefined
  return { ...check, evidence: [...check.evidence], ...(moments && { witness: moments }) }
}

/** Of all workers of the site, as a load balancer would have it; what of that is held against claims, `judgePairs` says. */
function pairsOf(history: History): PairCount[] {
  const everywhere = reachOf(history.site, 'fleet')
  const counts = new Map<string, { issuer: number; verifier: number; attempts: number; failures: number }>()
  for (const look of looksOf(history, findableWithin(everywhere, disturbances(history)))) {
    if (look.op.verb !== 'take') continue
    const [issuer, verifier] = [look.captcha.issue.worker, look.op.worker]
    const count = counts.get(`${issuer}:${verifier}`) ?? { issuer, verifier, attempts: 0, failures: 0 }
    counts.set(`${issuer}:${verifier}`, count)
    count.attempts += 1
    if (isMissed(look)) count.failures += 1
  }
  return [...counts.values()]
}

/** What is claimed does not matter here: the note says of a store that claims nothing that it loses its data. */
function countRestarts(history: History): Testimony['restarts'] {
  const restarts = history.faults.filter(
    ({ loses, healMs }) => loses === 'restart' && healMs < Number.POSITIVE_INFINITY,
  )
  const looks = restarts.flatMap(({ startMs, healMs }) =>
    livesOf(history).captchas.flatMap((captcha) => {
      if (captcha.issue.endMs >= startMs || captcha.takers.some((take) => take.startMs < healMs)) return []
      return captcha.ops.find((op) => op.startMs >= healMs && isDecisive(op) && isInLife(captcha, op)) ?? []
    }),
  )
  return { looked: looks.length, kept: looks.filter(({ result }) => result !== 'unknown').length }
}

/** A race overlaps when two of its takes, on different workers where there are several, were under way at once. */
function countRaces({ ops }: History): Testimony['races'] {
  const races = new Map<number, Op[]>()
  for (const op of ops) {
    if (op.race === undefined) continue
    const race = races.get(op.race)
    if (race === undefined) races.set(op.race, [op])
    else race.push(op)
  }
  return { forced: races.size, overlapping: [...races.values()].filter(isOverlapping).length }
}

function isOverlapping(ops: readonly Op[]): boolean {
  const answered = ops.filter(({ outcome }) => outcome !== 'info')
  return answered.some((one, index) =>
    answered
      .slice(index + 1)
      .some((other) => other.worker !== one.worker && one.startMs < other.endMs && other.startMs < one.endMs),
  )
}
