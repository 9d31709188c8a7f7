import type { Claims } from '../../src/strategy.js'
import type { CheckResult, CorrectnessResult, FailuresResult } from '../results.js'
import type { PairCount, SliceRecord, Witness } from '../slices.js'
import { wilson } from '../statistics.js'

/** What takes of captchas with the right answer came to, by issuer and verifier. */
export interface HandOffs {
  readonly verificationFailures: CorrectnessResult['verificationFailures']
  readonly matrix: CorrectnessResult['matrix']
  readonly visibility: CheckResult
  readonly observedScope: CorrectnessResult['observedScope']
  readonly witness?: Witness
}

/**
 * Whether a captcha one worker issued was accepted by the worker that its take reached, in the timing study. Void slices are
 * left out: in them nobody knows which answer belonged to which request.
 */
export function judgeSlices(claims: Claims, slices: readonly SliceRecord[], workers: number): HandOffs {
  const takes = slices.filter((slice) => slice.operation === 'take' && slice.void === undefined)
  const witness = shortest(takes.flatMap((slice) => slice.witness ?? []))
  return judgePairs(
    claims,
    takes.flatMap(({ pairs }) => pairs),
    { workers, witness },
  )
}

export function judgePairs(
  claims: Claims,
  pairs: readonly PairCount[],
  { workers, witness }: { readonly workers: number; readonly witness?: Witness | undefined },
): HandOffs {
  const matrix = sumMatrix(pairs, workers)
  const sameWorker = failures(matrix, (issuer, verifier) => issuer === verifier)
  const crossWorker = failures(matrix, (issuer, verifier) => issuer !== verifier)
  const overall = failures(matrix, () => true)
  const claimed = claims.scope === 'process' ? sameWorker : overall
  const exercised = (claims.scope === 'process' ? sameWorker : crossWorker).attempts > 0
  return {
    verificationFailures: { overall, sameWorker, crossWorker },
    matrix,
    visibility: visibility(claimed, exercised, witness),
    observedScope: observedScope(sameWorker, crossWorker),
    ...(witness && { witness }),
  }
}

type Matrix = { attempts: number; failures: number }[][]

function sumMatrix(pairs: readonly PairCount[], workers: number): Matrix {
  const matrix: Matrix = Array.from({ length: workers }, () =>
    Array.from({ length: workers }, () => ({ attempts: 0, failures: 0 })),
  )
  for (const { issuer, verifier, attempts, failures } of pairs) {
    const cell = matrix[issuer]?.[verifier]
    if (cell === undefined) continue
    cell.attempts += attempts
    cell.failures += failures
  }
  return matrix
}

function failures(matrix: Matrix, which: (issuer: number, verifier: number) => boolean): FailuresResult {
  let attempts = 0
  let failed = 0
  for (const [issuer, row] of matrix.entries()) {
    for (const [verifier, cell] of row.entries()) {
      if (!which(issuer, verifier)) continue
      attempts += cell.attempts
      failed += cell.failures
    }
  }
  return wilson(failed, attempts)
}

function visibility(claimed: FailuresResult, exercised: boolean, witness: Witness | undefined): CheckResult {
  const { attempts, failures, high } = claimed
  const verdict = failures > 0 ? 'invalid' : exercised ? 'valid' : 'unknown'
  const evidence = verdict === 'invalid' && witness !== undefined ? [tell(witness)] : []
  if (verdict === 'unknown') evidence.push('no take across the claimed scope was tried')
  return { name: 'visibility', verdict, attempts, violations: failures, upperBound: high, evidence }
}

/** A failing pair as one sentence. */
export function tell({ id, issuer, verifier, outcome, afterMs }: Witness): string {
  return `worker ${issuer} issued ${id}…; ${afterMs.toFixed(0)} ms later worker ${verifier} answered ${outcome}`
}

function shortest(witnesses: readonly Witness[]): Witness | undefined {
  return witnesses.reduce<Witness | undefined>(
    (best, witness) => (best === undefined || witness.afterMs < best.afterMs ? witness : best),
    undefined,
  )
}

/** This topology has one host and one process per worker: it can show the rungs `process` and `host`. */
function observedScope(same: FailuresResult, cross: FailuresResult): CorrectnessResult['observedScope'] {
  if (same.attempts === 0 || same.failures > 0) return 'none'
  return cross.attempts > 0 && cross.failures === 0 ? 'host' : 'process'
}
