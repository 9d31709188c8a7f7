import { describe, expect, test } from 'vitest'
import type { Check, CheckName } from '../checkers/check.js'
import type { Mutant } from '../checkers/mutants/index.js'
import { isFlagged, isKilled, matrixReport } from '../oracle/matrix.js'

const mutant: Mutant = {
  name: 'double',
  file: 'double.js',
  caughtBy: 'single-use',
  needs: 'ordinary',
  why: 'Twice.',
}

function examined(subject: string, ...invalid: readonly CheckName[]) {
  const check = (name: CheckName): Check => ({
    name,
    verdict: invalid.includes(name) ? 'invalid' : 'valid',
    attempts: 10,
    violations: invalid.includes(name) ? 1 : 0,
    upperBound: 0.3,
    evidence: [],
    witness: [],
  })
  return { subject, seed: 1, seconds: 2.5, checks: [check('single-use'), check('visibility')] }
}

describe('the kill matrix', () => {
  test('counts a broken store as killed by its own check only', () => {
    expect(isKilled(mutant, examined('double', 'single-use'))).toBe(true)
    expect(isKilled(mutant, examined('double', 'visibility'))).toBe(false)
  })

  test('flags a sound store for any conviction', () => {
    expect([isFlagged(examined('calm')), isFlagged(examined('calm', 'visibility'))]).toEqual([false, true])
  })

  test('has a row for every store, its own check in bold', () => {
    const text = matrixReport({
      mutants: [mutant],
      sound: [{ name: 'calm', file: 'calm.js' }],
      examinations: [examined('double', 'single-use'), examined('double', 'visibility'), examined('calm')],
    })
    expect(text).toContain('| double | 1 of 2 | 2.5 s | 1 | **1** |')
    expect(text).toMatch(/\| calm \| 1 \| 0 \| 95\.0 % \|/)
  })
})
