import { createLatencies } from '../histogram.js'
import { type Operation, type Outcome, outcomes, type PairCount, type Witness } from '../slices.js'
import type { Answer } from './exchange.js'
import type { SliceRun } from './generator.js'

/** What the answers of one slice come to. */
export interface Summary {
  readonly requests: number
  readonly outcomes: Readonly<Record<Outcome, number>>
  readonly throughput: number
  readonly windowMs: number
  readonly client: string
  readonly store: string
  readonly clientP50Us: number | null
  readonly clientP99Us: number | null
  readonly storeP50Us: number | null
  readonly storeP99Us: number | null
  readonly pairs: readonly PairCount[]
  readonly witness?: Witness
  readonly void?: string
}

const outcomeOfStatus: Readonly<Record<Operation, Readonly<Record<number, Outcome>>>> = {
  write: { 201: 'accepted', 503: 'unavailable' },
  read: { 200: 'accepted', 404: 'unknown', 503: 'unavailable' },
  take: { 200: 'accepted', 403: 'wrong', 404: 'unknown', 503: 'unavailable' },
}

/** Pure: the same answers give the same summary. Latencies are those of accepted answers, inside the window. */
export function summarise(operation: Operation, run: SliceRun): Summary {
  const judged = run.answers.map((answer) => ({
    answer,
    outcome: outcomeOfStatus[operation][answer.status] ?? ('unexpected' as const),
  }))
  const [startMs, endMs] = run.window
  const windowMs = Math.max(0, endMs - startMs)
  const inside = judged.filter(({ answer }) => answer.endMs > startMs && answer.endMs <= endMs)
  const client = createLatencies()
  const store = createLatencies()
  for (const { answer, outcome } of inside) {
    if (outcome !== 'accepted') continue
    client.record(answer.clientUs)
    if (answer.storeUs !== undefined) store.record(answer.storeUs)
  }
  const witness = operation === 'take' ? findWitness(judged) : undefined
  return {
    requests: run.answers.length,
    outcomes: count(judged.map(({ outcome }) => outcome)),
    throughput: windowMs > 0 ? (inside.length / windowMs) * 1_000 : 0,
    windowMs,
    client: client.encode(),
    store: store.encode(),
    clientP50Us: client.quantileUs(0.5),
    clientP99Us: client.quantileUs(0.99),
    storeP50Us: store.quantileUs(0.5),
    storeP99Us: store.quantileUs(0.99),
    pairs: operation === 'take' ? countPairs(judged) : [],
    ...(witness && { witness }),
    ...(run.mistaken !== undefined && { void: run.mistaken }),
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

/** Only what the store decided counts: an answer 503 is a failure too, since the person solving the captcha was refused. */
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
