import { createLatencies } from '../histogram.js'
import {
  type OpenLoopRecord,
  type Operation,
  type Outcome,
  outcomes,
  type PairCount,
  type SliceRecord,
  type Witness,
} from '../slices.js'
import { quantile } from '../statistics.js'
import type { Answer } from './exchange.js'
import type { SliceRun } from './generator.js'
import type { Pacing } from './pacer.js'

/** What the answers of one slice come to. */
export type Summary = Omit<
  SliceRecord,
  | 'kind'
  | 'launch'
  | 'block'
  | 'arm'
  | 'operation'
  | 'cpuUsPerOp'
  | 'settleMs'
  | 'wallMs'
  | 'generatorUtilisation'
  | 'steal'
>

const outcomeOfStatus: Readonly<Record<Operation, Readonly<Record<number, Outcome>>>> = {
  write: { 201: 'accepted', 503: 'unavailable' },
  read: { 200: 'accepted', 404: 'unknown', 503: 'unavailable' },
  take: { 200: 'accepted', 403: 'wrong', 404: 'unknown', 503: 'unavailable' },
}

/** Pure: the same answers give the same summary. Latencies are those of accepted answers. */
export function summarise(operation: Operation, run: SliceRun): Summary {
  const judged = run.answers.map((answer) => ({
    answer,
    outcome: outcomeOfStatus[operation][answer.status] ?? ('unexpected' as const),
  }))
  const client = createLatencies()
  const store = createLatencies()
  for (const { answer, outcome } of judged) {
    if (outcome !== 'accepted') continue
    client.record(answer.sinceDueUs ?? answer.clientUs)
    if (answer.storeUs !== undefined) store.record(answer.storeUs)
  }
  const unanswered = { [run.timedOut ? 'timeout' : 'error']: run.unanswered }
  const witness = operation === 'take' ? findWitness(judged) : undefined
  return {
    requests: run.answers.length,
    outcomes: { ...count(judged.map(({ outcome }) => outcome)), ...unanswered },
    ...throughput(run),
    client: client.encode(),
    store: store.encode(),
    clientP50Us: client.quantileUs(0.5),
    storeP50Us: store.quantileUs(0.5),
    pairs: operation === 'take' ? countPairs(judged) : [],
    ...(witness && { witness }),
    ...(run.pacing && { openLoop: openLoop(run.pacing, judged) }),
    ...(run.mistaken !== undefined && { void: run.mistaken }),
  }
}

/**
 * From the first answer to the last one that came while every connection was busy: counted from the first request, a slice
 * would miss what was under way at its end, and the shorter the slice the more of it. Under a pace connections need not be
 * busy, and all answers count.
 */
function throughput({ answers, busyUntilMs, pacing }: SliceRun): { throughput: number; windowMs: number } {
  const untilMs = pacing === undefined ? busyUntilMs : Number.POSITIVE_INFINITY
  const endsMs = answers.map(({ endMs }) => endMs).filter((endMs) => endMs <= untilMs)
  const windowMs = endsMs.length < 2 ? 0 : Math.max(...endsMs) - Math.min(...endsMs)
  return { throughput: windowMs > 0 ? ((endsMs.length - 1) / windowMs) * 1_000 : 0, windowMs }
}

function openLoop({ lagsMs, ...pacing }: Pacing, judged: readonly Judged[]): OpenLoopRecord {
  const uncorrected = createLatencies()
  for (const { answer, outcome } of judged) if (outcome === 'accepted') uncorrected.record(answer.clientUs)
  const lagMs =
    lagsMs.length === 0
      ? null
      : quantile(
          lagsMs.toSorted((a, b) => a - b),
          0.99,
        )
  return {
    ...pacing,
    pacerLagP99Us: lagMs === null ? null : lagMs * 1_000,
    uncorrected: uncorrected.encode(),
  }
}

interface Judged {
  readonly answer: Answer
  readonly outcome: Outcome
}

function count(found: readonly Outcome[]): Record<Outcome, number> {
  const counts = Object.fromEntries(outcomes.map((outcome) => [outcome, 0])) as Record<Outcome, number>
  for (const outcome of found) counts[outcome] += 1
  return counts
}

/** Whoever sent the right answer and was not accepted was refused, whatever the status: 503 counts as much as 404. */
function countPairs(judged: readonly Judged[]): readonly PairCount[] {
  const pairs = new Map<string, { issuer: number; verifier: number; attempts: number; failures: number }>()
  for (const { answer, outcome } of judged) {
    if (answer.captcha === undefined) continue
    const { issuer } = answer.captcha
    const key = `${issuer}:${answer.worker}`
    const pair = pairs.get(key) ?? { issuer, verifier: answer.worker, attempts: 0, failures: 0 }
    pairs.set(key, pair)
    pair.attempts += 1
    if (outcome !== 'accepted') pair.failures += 1
  }
  return [...pairs.values()].sort((a, b) => a.issuer - b.issuer || a.verifier - b.verifier)
}

function findWitness(judged: readonly Judged[]): Witness | undefined {
  for (const { answer, outcome } of judged) {
    if (outcome === 'accepted' || answer.captcha === undefined) continue
    const { id, issuer, issuedAtMs } = answer.captcha
    return {
      id: id.slice(0, 8),
      issuer,
      verifier: answer.worker,
      outcome,
      afterMs: answer.endMs - issuedAtMs,
    }
  }
  return undefined
}
