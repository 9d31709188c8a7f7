import { describe, expect, test } from 'vitest'
import type { Claims } from '../../src/strategy.js'
import { checkNames } from '../checkers/check.js'
import { judgeCorrectness } from '../judge/correctness.js'
import { type CheckResult, isClaimed, promisesMade } from '../results.js'

const once: Claims = { scope: 'host', singleUse: true, survives: 'restart' }
const replayable: Claims = { scope: 'fleet', singleUse: false, survives: 'restart' }

function judgedWith(claims: Claims, broken: string) {
  const checks = checkNames.map(
    (name): CheckResult => ({
      name,
      verdict: name === broken ? 'invalid' : 'valid',
      attempts: 10,
      violations: name === broken ? 10 : 0,
      upperBound: 1,
      evidence: [],
    }),
  )
  const testimony = {
    checks,
    ladder: [],
    pairs: [],
    races: { forced: 0, overlapping: 0 },
    restarts: { looked: 0, kept: 0 },
  } as const
  return judgeCorrectness(claims, { slices: [], testimony, workers: 2 })
}

describe('what decides a claim', () => {
  test('decides the verdict and the promise alike, check by check', () => {
    for (const claims of [once, replayable, { ...replayable, survives: 'nothing' }] as const)
      for (const name of checkNames) {
        const { verdict, promises } = judgedWith(claims, name)
        const isPromise = promisesMade(once).some(({ checks }) => checks.includes(name))
        const broken = promises.filter(({ observation }) => observation === 'broken')
        expect(verdict, name).toBe(isClaimed(claims, name) ? 'invalid' : 'valid')
        expect(broken.length, name).toBe(isPromise && isClaimed(claims, name) ? 1 : 0)
      }
  })

  test('is durability alone for a replayable store: its takes leave nothing that could come back', () => {
    expect(isClaimed(once, 'no-resurrection')).toBe(true)
    expect(isClaimed(replayable, 'no-resurrection')).toBe(false)
    expect(isClaimed(replayable, 'durability')).toBe(true)
    expect(judgedWith(replayable, 'no-resurrection').verdict).toBe('valid')
    expect(judgedWith(once, 'no-resurrection').promises).toContainEqual({
      claim: 'survives',
      promised: 'restart',
      observation: 'broken',
    })
  })

  test('makes laws of all other checks, whatever is claimed', () => {
    for (const law of ['no-phantoms', 'expiry', 'integrity', 'fail-closed', 'boundedness', 'recovery'])
      expect(isClaimed({ singleUse: false, survives: 'nothing' }, law)).toBe(true)
  })
})
