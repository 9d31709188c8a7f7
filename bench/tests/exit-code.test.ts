import { describe, expect, test } from 'vitest'
import { exitCodeOf } from '../exit-code.js'
import type { GateResult, Results, StrategyResult } from '../results.js'
import { exampleResults, strategyOf } from './fixtures.js'

const results = exampleResults()
const good = strategyOf(results, 'slow')
const broken = { ...good, correctness: { ...correctnessOf(good), verdict: 'invalid' as const } }

function correctnessOf({ correctness }: StrategyResult) {
  if (correctness === undefined) throw new Error('expected a judged strategy')
  return correctness
}

function codeOf(
  strategies: readonly StrategyResult[],
  run: Partial<Results['run']> = {},
  verdicts: readonly GateResult['verdict'][] = [],
) {
  const gates = verdicts.map((verdict): GateResult => ({ ...gate, verdict }))
  return exitCodeOf({ strategies: [...strategies], run: { ...results.run, partial: false, ...run }, gates })
}

const gate = {
  gate: 'slow:take.p50Us>1',
  strategy: 'slow',
  path: 'take.p50Us',
  operator: '>',
  limit: 1,
  unit: 'us',
  value: 2,
  interval: { low: 1.5, high: 2.5 },
} as const

describe('exit code', () => {
  test('0 when every strategy kept its claims', () => expect(codeOf([good])).toBe(0))

  test('0 when properties this study never exercised are unknown', () => {
    expect(good.correctness?.verdict).toBe('unknown')
    expect(codeOf([good])).toBe(0)
  })

  test('0 when one of the default strategies was skipped', () => {
    expect(codeOf([good, strategyOf(results, 'absent')])).toBe(0)
  })

  test('1 when a claim was broken', () => expect(codeOf([good, broken])).toBe(1))

  test('0 when only an exhibit broke a claim', () => {
    expect(codeOf([good, { ...broken, exhibit: 'Wrong on purpose.' }])).toBe(0)
  })

  test('2 when the run was ended early', () => expect(codeOf([good], { partial: true })).toBe(2))

  test('2 when a server failed, an exhibit’s too', () => {
    expect(codeOf([{ ...good, failed: 'it crashed' }])).toBe(2)
    expect(codeOf([good, { ...good, exhibit: 'Wrong.', failed: 'it crashed' }])).toBe(2)
  })

  test('2 when a strategy has no slice to show', () => {
    const empty = good.timing?.map((row) => ({ ...row, slices: 0 })) ?? []
    expect(codeOf([{ ...good, timing: empty }])).toBe(2)
    const { timing: _gone, ...unmeasured } = good
    expect(codeOf([unmeasured])).toBe(2)
  })

  test('2 when the micro study of a strategy broke down, 0 when it left a population out', () => {
    const gap = (population: number) => ({ ...good, microGaps: [{ population, reason: 'it ended with 1' }] })
    expect([codeOf([gap(0)]), codeOf([gap(1_000_000)])]).toEqual([2, 0])
  })

  test('3 when a claim was never put to the test, by nobody but an exhibit excused', () => {
    const checks = correctnessOf(good).checks.map((check) => ({ ...check, verdict: 'unknown' as const }))
    const untested = { ...good, correctness: { ...correctnessOf(good), checks } }
    expect(codeOf([good, untested])).toBe(3)
    expect(codeOf([good, { ...untested, exhibit: 'Wrong on purpose.' }])).toBe(0)
    expect(codeOf([broken, untested])).toBe(1)
    expect(codeOf([untested], { partial: true })).toBe(2)
    expect(codeOf([untested], { studies: ['micro'] })).toBe(0)
  })

  test('1 when a claim was broken and the rest could not be measured', () => {
    expect(codeOf([broken, { ...good, failed: 'it crashed' }], { partial: true })).toBe(1)
  })

  test.each([
    [['held', 'held'], 0],
    [['held', 'broken'], 1],
    [['held', 'unmeasured'], 2],
    [['held', 'undecided'], 3],
    [['undecided', 'unmeasured'], 2],
    [['undecided', 'unmeasured', 'broken'], 1],
  ] as const)('gates that are %j make it %i', (verdicts, code) => {
    expect(codeOf([good], {}, verdicts)).toBe(code)
  })

  test('a broken gate outweighs a run that was ended early, and a broken claim a gate that held', () => {
    expect(codeOf([good], { partial: true }, ['broken'])).toBe(1)
    expect(codeOf([good], { partial: true }, ['held'])).toBe(2)
    expect(codeOf([broken], {}, ['held'])).toBe(1)
    expect(codeOf([broken], {}, ['unmeasured'])).toBe(1)
  })

  test('the example run, whose exhibit and baseline lose what they may lose, is 0', () => {
    expect(exitCodeOf(results)).toBe(0)
  })
})
