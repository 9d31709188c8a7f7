import type { Claims } from '../../src/strategy.js'
import { observedScope, type Rung } from '../checkers/compose.js'
import { type Reach, reachOf, rungs, type Shape, shows } from '../checkers/rungs.js'
import type { CheckResult, CorrectnessResult, FailuresResult } from '../results.js'
import type { PairCount, SliceRecord, Witness } from '../slices.js'
import { wilson } from '../statistics.js'

/** What takes of captchas with the right answer came to, by issuer and verifier. */
export interface HandOffs {
  /** Of all pairs of workers, whatever was claimed: what users would have met. */
  readonly verificationFailures: CorrectnessResult['verificationFailures']
  readonly matrix: CorrectnessResult['matrix']
  /** Of the pairs within the claimed scope. */
  readonly visibility: CheckResult
  /** Whether captchas were found on each rung; whether they were used once, hand-offs cannot say. */
  readonly found: readonly Rung[]
  readonly observedScope: CorrectnessResult['observedScope']
  readonly witness?: Witness
}

/**
 * Whether a captcha one worker issued was accepted by the worker that its take reached, in the timing study. Void slices are
 * left out: in them nobody knows which answer belonged to which request.
 */
export function judgeSlices(claims: Claims, slices: readonly SliceRecord[], shape: Shape): HandOffs {
  const takes = slices.filter((slice) => slice.operation === 'take' && slice.void === undefined)
  const witnesses = takes.flatMap((slice) => slice.witness ?? [])
  return judgePairs(
    claims,
    takes.flatMap(({ pairs }) => pairs),
    { shape, witnesses },
  )
}

export function judgePairs(
  claims: Claims,
  pairs: readonly PairCount[],
  { shape, witnesses = [] }: { readonly shape: Shape; readonly witnesses?: readonly Witness[] },
): HandOffs {
  const matrix = sumMatrix(pairs, shape.workers)
  const witness = shortest(witnesses)
  const found = rungs.map((rung) => ({ rung, verdict: verdictOn(matrix, shape, rung) }))
  return {
    verificationFailures: {
      overall: failures(matrix, () => true),
      sameWorker: failures(matrix, (issuer, verifier) => issuer === verifier),
      crossWorker: failures(matrix, (issuer, verifier) => issuer !== verifier),
    },
    matrix,
    visibility: visibility(matrix, reachOf(shape, claims.scope), witnesses),
    found,
    observedScope: observedScope(found),
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

function verdictOn(matrix: Matrix, shape: Shape, rung: Rung['rung']): Rung['verdict'] {
  return shows(shape, rung) ? verdictWithin(matrix, reachOf(shape, rung)) : 'unknown'
}

function verdictWithin(matrix: Matrix, reach: Reach): Rung['verdict'] {
  if (failures(matrix, reach.spans).failures > 0) return 'invalid'
  return failures(matrix, reach.tries).attempts > 0 ? 'valid' : 'unknown'
}

function visibility(matrix: Matrix, reach: Reach, witnesses: readonly Witness[]): CheckResult {
  const { attempts, failures: violations, high } = failures(matrix, reach.spans)
  const verdict = verdictWithin(matrix, reach)
  const witness = shortest(witnesses.filter(({ issuer, verifier }) => reach.spans(issuer, verifier)))
  const evidence = verdict === 'invalid' && witness !== undefined ? [tell(witness)] : []
  if (verdict === 'unknown') evidence.push('no take across the claimed scope was tried')
  return { name: 'visibility', verdict, attempts, violations, upperBound: high, evidence }
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
