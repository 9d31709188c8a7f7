import type { History, Op } from '../history.js'
import type { Look } from './captcha-lives.js'
import type { Violation } from './verdict.js'

/** How evidence is worded. Ids are cut, so that no report has a secret that could still be used, and answers never told. */

export function short(id: string): string {
  return id.length <= 8 ? id : `${id.slice(0, 8)}…`
}

export function ms(duration: number): string {
  return `${duration.toFixed(0)} ms`
}

export function count(number: number): string {
  return number.toLocaleString('en')
}

/** @returns such as "3 captchas", "1 captcha" */
export function several(number: number, noun: string): string {
  return `${count(number)} ${noun}${number === 1 ? '' : 's'}`
}

/** A captcha that should have been found: who issued it, and who did not know it, when. */
export function missed(history: History, { captcha: { id, issue }, op }: Look): Violation {
  const after = ms(op.startMs - issue.endMs)
  return {
    ops: [issue, op],
    tell: () =>
      `worker ${issue.worker} issued ${short(id)}; ${after} later ${tellAnswer(op)}${setting(history, op)}`,
  }
}

/** @returns such as "worker 2 answered unknown to a read" */
export function tellAnswer({ worker, result, verb }: Op): string {
  return `worker ${worker} answered ${result} to ${verb === 'issue' ? 'an' : 'a'} ${verb}`
}

/** @returns how an op stands to the last fault that had begun, such as ", 35 ms after kill-worker was healed"; "" without one */
export function setting({ faults }: History, { startMs }: Op): string {
  const fault = faults.findLast((candidate) => candidate.startMs <= startMs)
  if (fault === undefined) return ''
  if (startMs <= fault.healMs) return `, during ${fault.fault}`
  return `, ${ms(startMs - fault.healMs)} after ${fault.fault} was healed`
}
