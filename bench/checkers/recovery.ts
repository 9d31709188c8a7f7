import type { Fault, History, Op } from '../history.js'
import type { Checker } from './check.js'
import { toCheck } from './verdict.js'

/** The longest after a heal that a request may still be sent in vain. */
const longestMs = 10_000

/** A worker that fails for this long, in so many requests, has not recovered; less may be how the record was cut off. */
const stuckMs = 1_000
const stuckRequests = 3

/** From a heal to the next fault. */
interface Aftermath {
  readonly fault: Fault
  /** Sent in it, in order. */
  readonly ops: readonly Op[]
  readonly longestWait: Op | undefined
  readonly isLast: boolean
}

/** Once a fault is healed, requests are answered again. A request that failed is placed by when it was sent. */
export const recovery: Checker = (history) => {
  const aftermaths = history.faults.flatMap((fault) => aftermathOf(history, fault))
  const judged = aftermaths.map((aftermath) => ({ aftermath, failures: failuresOf(aftermath) }))
  const stuck = judged.filter(({ failures }) => failures.length > 0)
  const recovered = judged.filter(
    ({ aftermath, failures }) => failures.length === 0 && aftermath.ops.some(isAnswered),
  )
  return toCheck(history, {
    name: 'recovery',
    attempts: stuck.length + recovered.length,
    violations: stuck.map(({ aftermath, failures }) => ({ ops: failures, tell: () => tell(aftermath) })),
    gap: recovered.length === 0 ? 'nobody was answered after a fault was healed' : undefined,
    remarks: recovered
      .map(({ aftermath }) => aftermath)
      .toSorted((a, b) => lastErrorMs(b) - lastErrorMs(a))
      .map(tell),
  })
}

/** None while another fault lasts: what fails then is not this fault's doing. */
function aftermathOf({ faults, ops }: History, fault: Fault): readonly Aftermath[] {
  const { startMs, healMs } = fault
  if (healMs === Number.POSITIVE_INFINITY) return []
  if (faults.some((other) => other.startMs <= healMs && other.healMs > healMs)) return []
  const untilMs = Math.min(
    ...faults.map((other) => (other.startMs > healMs ? other.startMs : Number.POSITIVE_INFINITY)),
  )
  return [
    {
      fault,
      ops: ops.filter((op) => op.startMs >= healMs && op.startMs < untilMs),
      longestWait: longest(ops.filter((op) => op.startMs < untilMs && op.endMs >= startMs)),
      isLast: untilMs === Number.POSITIVE_INFINITY,
    },
  ]
}

/** Without a reason it was still under way when the record ended. */
function isFailed({ result, reason }: Op): boolean {
  return result === 'unavailable' || result === 'unexpected' || (result === 'none' && reason !== undefined)
}

function isAnswered(op: Op): boolean {
  return op.result !== 'none' && !isFailed(op)
}

/** The ops that show that it was never over; none when it was. */
function failuresOf({ fault, ops, isLast }: Aftermath): readonly Op[] {
  const late = ops.filter(({ startMs }) => startMs > fault.healMs + longestMs)
  const workers = [...new Set(ops.map(({ worker }) => worker))]
  const failing = workers.map((worker) => mostlyFailing(late, worker)).find((found) => found.length > 0)
  if (failing !== undefined) return failing
  if (!isLast) return []
  return workers.map((worker) => closingFailures(ops, worker)).find(isStuck) ?? []
}

/**
 * What a worker failed, where that was more than it answered. One error proves nothing however late it comes: a sound store may
 * fail one call in twenty, or wait for a lock in vain on a machine that has no time for it.
 */
function mostlyFailing(ops: readonly Op[], worker: number): readonly Op[] {
  const own = ops.filter((op) => op.worker === worker)
  const failed = own.filter(isFailed)
  const isMost = failed.length > own.filter(isAnswered).length
  return isMost && failed.length >= stuckRequests ? failed : []
}

/** What a worker has failed since it last answered. */
function closingFailures(ops: readonly Op[], worker: number): readonly Op[] {
  const own = ops.filter((op) => op.worker === worker)
  return own.slice(own.findLastIndex(isAnswered) + 1).filter(isFailed)
}

function isStuck(failures: readonly Op[]): boolean {
  const lastedMs = (failures.at(-1)?.startMs ?? 0) - (failures[0]?.startMs ?? 0)
  return failures.length >= stuckRequests && lastedMs >= stuckMs
}

function waitMs({ startMs, endMs }: Op): number {
  return endMs < Number.POSITIVE_INFINITY ? endMs - startMs : 0
}

function longest(ops: readonly Op[]): Op | undefined {
  return ops.reduce<Op | undefined>(
    (most, op) => (most === undefined || waitMs(op) > waitMs(most) ? op : most),
    undefined,
  )
}

/** From the heal to the sending of the last request that failed; 0 when none did. */
function lastErrorMs({ fault, ops }: Aftermath): number {
  const last = ops.findLast(isFailed)
  return last === undefined ? 0 : last.startMs - fault.healMs
}

function tell(aftermath: Aftermath): string {
  const { fault, ops, longestWait } = aftermath
  const errors = ops.some(isFailed) ? `${seconds(lastErrorMs(aftermath))} until the last error` : 'no error'
  const wait =
    longestWait === undefined
      ? ''
      : `, longest wait ${seconds(waitMs(longestWait))} (worker ${longestWait.worker})`
  return `after ${fault.fault}: ${errors}${wait}`
}

function seconds(durationMs: number): string {
  return `${(durationMs / 1_000).toFixed(1)} s`
}
