import type { Op } from '../history.js'
import { type Captcha, disturbances, isDecisive, isInLife, isInScope, livesOf } from './captcha-lives.js'
import type { Checker } from './check.js'
import { type Effect, hasOrder, mostSteps, type Step } from './one-order.js'
import { byAnother, type Reach, reachOf } from './rungs.js'
import { ms, several, short } from './telling.js'
import { toCheck, type Violation } from './verdict.js'

/** What is to be ordered of one captcha. */
interface Selection {
  readonly captcha: Captcha
  /** Answered within its life. */
  readonly certain: readonly Op[]
  /** Takes that may have got it at any time after their start: unanswered, answered too late, or out of scope. */
  readonly possible: readonly Op[]
  readonly staleReads: number
}

/**
 * Per captcha there is one order of its ops, each at a moment between invocation and completion, in which a store in one
 * place would have answered the same (Herlihy & Wing 1990; captchas are independent, so each is ordered alone). Where
 * single-use and visibility know their one way to break it, this knows all of them.
 */
export const linearizable: Checker = (history, scope = history.site.claims.scope) => {
  const reach = reachOf(history.site, scope)
  const disturbed = disturbances(history)
  const all = livesOf(history).captchas.map((captcha) => select(captcha, reach))
  const asked = all.filter(({ certain }) => certain.length > 0)
  const small = asked.filter(({ certain, possible }) => certain.length + possible.length <= mostSteps)
  const judged = small.filter(({ captcha, certain }) => !disturbed(captcha.issue.startMs, lastEndMs(certain)))
  // A worker that knows nothing fits any order in which another take came first.
  const crossed = judged.filter(({ captcha: { issue }, certain }) =>
    certain.some(({ worker, result }) => reach.tries(issue.worker, worker) && result !== 'unknown'),
  )
  const staleReads = all.reduce((sum, selection) => sum + selection.staleReads, 0)
  const isExercised = (scope === 'process' ? judged : crossed).length > 0
  return toCheck(history, {
    name: 'linearizable',
    attempts: judged.length,
    violations: judged.filter((selection) => !isOrdered(selection)).map(disorder),
    gap: isExercised
      ? undefined
      : `no captcha was ${scope === 'process' ? 'looked at' : 'found'}${byAnother(reach)}`,
    remarks: [
      judged.length > 0 ? `${several(judged.length, 'captcha')} put in order` : undefined,
      leftOut(asked.length - small.length, 'captcha', `with more than ${mostSteps} ops`),
      leftOut(small.length - judged.length, 'captcha', 'that met a fault'),
      leftOut(staleReads, 'read', 'during or after a take'),
    ],
  })
}

function leftOut(number: number, noun: string, which: string): string | undefined {
  return number > 0 ? `${several(number, noun)} ${which} left out` : undefined
}

function lastEndMs(ops: readonly Op[]): number {
  return Math.max(...ops.map(({ endMs }) => endMs))
}

/** The contract lets a read be stale after a take, so those that may have been answered after one are left out. */
function select(captcha: Captcha, reach: Reach): Selection {
  const takenFromMs = captcha.takers[0]?.startMs ?? Number.POSITIVE_INFINITY
  const answered = captcha.ops.filter(
    (op) => isDecisive(op) && isInScope(captcha, op, reach) && isInLife(captcha, op),
  )
  const certain = answered.filter(({ verb, endMs }) => verb === 'take' || endMs <= takenFromMs)
  const ordered = new Set(certain)
  return {
    captcha,
    certain,
    possible: captcha.takers.filter((take) => !ordered.has(take)),
    staleReads: answered.length - certain.length,
  }
}

function isOrdered({ certain, possible }: Selection): boolean {
  const steps: readonly Step[] = [
    ...certain.map((op) => ({
      startMs: op.startMs,
      endMs: op.endMs,
      effect: effectOf(op),
      isOptional: false,
    })),
    ...possible.map(({ startMs }) => ({
      startMs,
      endMs: Number.POSITIVE_INFINITY,
      effect: 'take' as const,
      isOptional: true,
    })),
  ]
  return hasOrder(steps)
}

function effectOf({ result }: Op): Effect {
  if (result === 'unknown') return 'miss'
  return result === 'found' ? 'find' : 'take'
}

function disorder({ captcha: { id, issue }, certain }: Selection): Violation {
  const story = certain.map(
    ({ worker, verb, result, startMs, endMs }) =>
      `worker ${worker} ${result} (${verb}, ${ms(startMs - issue.endMs)} to ${ms(endMs - issue.endMs)})`,
  )
  return {
    ops: [issue, ...certain],
    tell: () => `no order explains the answers about ${short(id)}: ${story.join(', ')}`,
  }
}
