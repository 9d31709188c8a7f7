import fc from 'fast-check'
import type { Claims } from '../../../src/strategy.js'
import { covers } from '../../checkers/rungs.js'
import type { FaultKind, HistoryLine, Loss, Result, Site, Verb } from '../../history.js'
import { answerOf } from './story.js'

/**
 * A store that keeps its claims, and as much mischief as they leave room for: ops that overlap, answers that get lost with
 * and without effect, stale reads, clocks that differ, crashes that take away all they may. Every op takes effect at one
 * moment between its invocation and its completion.
 */

const workers = 3
export const ttlMs = 1_000

export interface Step {
  readonly kind: Verb | 'probe' | 'fault'
  readonly worker: number
  /** Which captcha, modulo those known by then. */
  readonly pick: number
  /** From the last effect to this one. */
  readonly gapMs: number
  readonly beforeMs: number
  readonly afterMs: number
  readonly isRight: boolean
  /** The answer is lost, and with it perhaps the effect. */
  readonly isLost: boolean
  readonly luck: boolean
  /** How far this worker's clock is off just now, within what rounding explains. */
  readonly driftMs: number
  readonly of: FaultKind
  readonly loses: Loss
}

export const claims: fc.Arbitrary<Claims> = fc.record({
  scope: fc.constantFrom('process' as const, 'host' as const),
  singleUse: fc.constant(true),
  survives: fc.constantFrom<Loss[]>('nothing', 'worker-crash', 'restart', 'power-loss'),
})

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.oneof(
    { weight: 4, arbitrary: fc.constant('issue' as const) },
    { weight: 5, arbitrary: fc.constant('read' as const) },
    { weight: 8, arbitrary: fc.constant('take' as const) },
    { weight: 1, arbitrary: fc.constant('probe' as const) },
    { weight: 1, arbitrary: fc.constant('fault' as const) },
  ),
  worker: fc.nat({ max: workers - 1 }),
  pick: fc.nat({ max: 5 }),
  gapMs: fc.oneof(fc.nat({ max: 5 }), fc.nat({ max: 200 })),
  beforeMs: fc.nat({ max: 40 }),
  afterMs: fc.nat({ max: 40 }),
  isRight: fc.boolean(),
  isLost: fc.integer({ min: 0, max: 9 }).map((roll) => roll === 0),
  luck: fc.boolean(),
  driftMs: fc.integer({ min: -20, max: 20 }),
  of: fc.constantFrom<FaultKind[]>('crash', 'crash', 'stop', 'medium', 'clock', 'engine'),
  loses: fc.constantFrom<Loss[]>('worker-crash', 'restart', 'power-loss'),
})

export const steps = fc.array(step, { minLength: 20, maxLength: 80, size: 'max' })

interface Captcha {
  readonly id: string
  readonly issuer: number
  /** From then on a client can know the id. */
  readonly knownMs: number
  readonly endsMs: number
  isTaken: boolean
  /** Workers whose memory may answer reads after it was taken elsewhere. */
  readonly staleIn: Set<number>
}

interface Trouble {
  readonly of: FaultKind
  readonly loses: Loss
  readonly untilMs: number
  readonly struck: readonly number[]
  readonly skewMs: number
}

function isOfOneWorker({ of, loses }: Step): boolean {
  return of === 'clock' || (of === 'crash' && loses === 'worker-crash')
}

function forget(captchas: readonly Captcha[], struck: readonly number[]): void {
  for (const { staleIn } of captchas) for (const worker of struck) staleIn.delete(worker)
}

function faultLine({ of, loses, struck, skewMs }: Trouble) {
  return {
    kind: 'fault' as const,
    fault: `a-${of}`,
    of,
    loses,
    ...(struck.length === 1 && { workers: struck }),
    ...(of === 'clock' && { skewMs }),
  }
}

/**
 * @param hosts with two, workers 0 and 1 live on the one, 2 on the other
 * @returns the lines a harness would have written, in order of time
 */
export function play(promise: Claims, script: readonly Step[], hosts: 1 | 2 = 1): HistoryLine[] {
  const lines: Exclude<HistoryLine, Site>[] = []
  const captchas: Captcha[] = []
  let nowMs = 0
  let ops = 0
  let trouble: Trouble | undefined

  function record(verb: Verb, step: Step, about: { id?: string; answer?: string; notBeforeMs?: number }) {
    const { notBeforeMs = 0, ...asked } = about
    const op = ops++
    const { worker } = step
    const startMs = Math.max(nowMs - step.beforeMs, notBeforeMs)
    lines.push({ kind: 'invoke', op, atMs: startMs, client: worker, worker, verb, ...asked })
    return (result: Result, brought: { id?: string; answer?: string } = {}) => {
      const kind = result === 'unavailable' || result === 'none' ? 'info' : 'ok'
      const reason = result === 'none' ? { reason: 'reset' } : { worker }
      lines.push({ kind, op, atMs: nowMs + step.afterMs, result, ...brought, ...reason })
    }
  }

  function clockMs({ worker, driftMs }: Step): number {
    const skewMs = trouble?.of === 'clock' && trouble.struck.includes(worker) ? trouble.skewMs : 0
    return nowMs + driftMs + skewMs
  }

  /** What a client is told instead of an answer, if so; and whether the op takes effect all the same. */
  function mishap(step: Step): {
    readonly result?: 'unavailable' | 'none' | 'pending'
    readonly happens: boolean
  } {
    if (trouble?.of === 'crash' && trouble.struck.includes(step.worker))
      return { result: 'none', happens: step.luck }
    if ((trouble?.of === 'medium' || trouble?.of === 'engine') && step.isRight)
      return { result: 'unavailable', happens: step.luck }
    return step.isLost ? { result: 'pending', happens: step.luck } : { happens: true }
  }

  function issue(step: Step): void {
    const complete = record('issue', step, {})
    const { result, happens } = mishap(step)
    const id = `captcha-number-${captchas.length}-${ops}`
    if (result !== undefined) {
      if (result !== 'pending') complete(result)
      return
    }
    if (!happens) return
    captchas.push({
      id,
      issuer: step.worker,
      knownMs: nowMs + step.afterMs,
      endsMs: clockMs(step) + ttlMs,
      isTaken: false,
      staleIn: new Set([0, 1, 2]),
    })
    complete('issued', { id, answer: answerOf(id) })
  }

  function ask(verb: 'read' | 'take', step: Step): void {
    const known = captchas.filter(({ knownMs }) => knownMs <= nowMs)
    const captcha = known.at(-1 - (step.pick % Math.max(known.length, 1)))
    if (captcha === undefined) return
    const { id, knownMs } = captcha
    const answer = verb === 'take' ? { answer: step.isRight ? answerOf(id) : 'nonsense' } : {}
    const complete = record(verb, step, { id, ...answer, notBeforeMs: knownMs })
    const { result, happens } = mishap(step)
    const told = happens ? effect(verb, captcha, step) : 'unknown'
    if (result === undefined) complete(told)
    else if (result !== 'pending') complete(result)
  }

  function isSeen({ issuer }: Captcha, { worker }: Step): boolean {
    if (promise.scope === 'process') return worker === issuer
    return hosts === 1 || promise.scope === 'fleet' || worker < 2 === issuer < 2
  }

  function effect(verb: 'read' | 'take', captcha: Captcha, step: Step): Result {
    if (!isSeen(captcha, step) || clockMs(step) >= captcha.endsMs) return 'unknown'
    if (verb === 'read')
      return !captcha.isTaken || (step.luck && captcha.staleIn.has(step.worker)) ? 'found' : 'unknown'
    if (captcha.isTaken) return 'unknown'
    captcha.isTaken = true
    captcha.staleIn.delete(step.worker)
    return step.isRight ? 'accepted' : 'wrong'
  }

  function strike(step: Step): void {
    const { of, luck } = step
    const struck = isOfOneWorker(step) ? [step.worker] : [0, 1, 2]
    const loses = of === 'crash' || of === 'engine' ? step.loses : 'nothing'
    trouble = { of, loses, untilMs: nowMs + step.gapMs + 50, struck, skewMs: luck ? 300 : -300 }
    const line = faultLine(trouble)
    lines.push({ ...line, phase: 'start', atMs: nowMs }, { ...line, phase: 'heal', atMs: trouble.untilMs })
    if (of === 'crash') forget(captchas, struck)
    undo(trouble, luck)
  }

  /** What the claims do not cover may be lost, or taken once more. */
  function undo({ loses }: Trouble, isTaken: boolean): void {
    if (covers(promise.survives, loses)) return
    for (const captcha of captchas) captcha.isTaken = isTaken
  }

  function take(step: Step): void {
    nowMs += step.gapMs
    if (trouble !== undefined && nowMs > trouble.untilMs) {
      // The processes may have died at any time before the heal, not only when the fault was announced.
      undo(trouble, !step.luck)
      trouble = undefined
    }
    if (step.kind === 'fault') {
      if (trouble === undefined) strike(step)
    } else if (step.kind === 'probe') record('take', step, { id: 'nobody', answer: 'nonsense' })('unknown')
    else if (step.kind === 'issue') issue(step)
    else ask(step.kind, step)
  }

  for (const next of script) take(next)
  const site: Site = {
    kind: 'site',
    strategy: 'sound',
    name: 'ordinary',
    claims: promise,
    ...(hosts === 2 ? { workers: 4, hosts } : { workers }),
    ttlMs,
    seed: 1,
  }
  return [site, ...lines.toSorted((a, b) => a.atMs - b.atMs)]
}
