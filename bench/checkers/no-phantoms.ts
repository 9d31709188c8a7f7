import type { History, Op } from '../history.js'
import { isDecisive, isRight, livesOf } from './captcha-lives.js'
import type { Checker } from './check.js'
import { several, short, tellAnswer } from './telling.js'
import { toCheck, type Violation } from './verdict.js'

/**
 * Nothing comes from nowhere: no id is given out twice, no id that was never given out is known, and a captcha is
 * accepted for its own answer only.
 */
export const noPhantoms: Checker = (history) => {
  const { captchas, repeated, strangers } = livesOf(history)
  const probes = strangers.filter(isDecisive)
  const asked = captchas.flatMap((captcha) => captcha.ops.filter(isDecisive).map((op) => ({ captcha, op })))
  const issued = captchas.length + repeated.reduce((sum, { length }) => sum + length, 0)
  const violations: Violation[] = [
    ...repeated.flatMap(([first, ...others]) =>
      others.map((other) => ({
        ops: first === undefined ? [other] : [first, other],
        tell: () => `workers ${first?.worker} and ${other.worker} both issued ${short(other.id ?? '')}`,
      })),
    ),
    ...probes.filter(({ result }) => result !== 'unknown').map(asPhantom),
    ...asked
      .filter(({ captcha, op }) => op.result === 'accepted' && isRight(captcha, op) === false)
      .map(({ captcha, op }) => ({
        ops: [captcha.issue, op],
        tell: () => `worker ${op.worker} accepted a wrong guess at ${short(captcha.id)}`,
      })),
  ]
  return toCheck(history, {
    name: 'no-phantoms',
    attempts: asked.length + probes.length + issued,
    violations,
    gap: probes.length === 0 ? 'nobody asked for an id that was never issued' : undefined,
    remarks: [probesTold(history, probes)],
  })
}

function asPhantom(op: Op): Violation {
  return {
    ops: [op],
    tell: () => `${tellAnswer(op)} of ${short(op.id ?? '')}, which nobody had issued`,
  }
}

function probesTold({ site }: History, probes: readonly Op[]): string | undefined {
  if (probes.length === 0) return undefined
  return `${several(probes.length, 'probe')} of ids nobody had issued, ${several(site.workers, 'worker')}`
}
