import { isRight, livesOf } from '../checkers/captcha-lives.js'
import { short } from '../checkers/telling.js'
import type { Fault, History, Op } from '../history.js'
import type { CheckResult } from '../results.js'

type Moment = NonNullable<CheckResult['witness']>[number]

/** The ops of a witness and the faults among them, in order; times from the first of them. Never tells an answer. Pure. */
export function timeline(history: History, witness: readonly number[]): Moment[] {
  const shown = new Set(witness)
  const ops = history.ops.filter(({ op }) => shown.has(op))
  const startMs = Math.min(...ops.map((op) => op.startMs))
  const endMs = Math.max(...ops.map((op) => op.startMs))
  const faults = history.faults.filter((fault) => fault.startMs <= endMs && fault.healMs >= startMs)
  return [...ops.map((op) => toMoment(history, op)), ...faults.flatMap((fault) => toMoments(fault, endMs))]
    .sort((a, b) => a.atMs - b.atMs)
    .map((moment) => ({ ...moment, atMs: Math.round((moment.atMs - startMs) * 1_000) / 1_000 }))
}

function toMoment(history: History, op: Op): Moment {
  return { atMs: op.startMs, ...lasting(op), worker: op.worker, event: eventOf(history, op) }
}

function lasting({ startMs, endMs }: Op): { readonly tookMs?: number } {
  return Number.isFinite(endMs) ? { tookMs: Math.round((endMs - startMs) * 1_000) / 1_000 } : {}
}

function eventOf(history: History, op: Op): string {
  const { verb, id = '', result } = op
  if (verb === 'issue') return `issue: ${result} ${short(id)}`
  if (verb === 'read') return `read ${short(id)}: ${result}`
  const captcha = livesOf(history).byId.get(id)
  const right = captcha === undefined ? undefined : isRight(captcha, op)
  const guess = right === undefined ? '' : right ? ' with the right answer' : ' with a wrong answer'
  return `take ${short(id)}${guess}: ${result}`
}

function toMoments({ fault, startMs, healMs, workers }: Fault, endMs: number): Moment[] {
  const struck = { worker: workers?.[0] ?? null }
  const start = { atMs: startMs, ...struck, event: `fault: ${fault}` }
  return healMs <= endMs ? [start, { atMs: healMs, ...struck, event: `healed: ${fault}` }] : [start]
}
