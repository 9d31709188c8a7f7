import { describe, expect, test } from 'vitest'
import { exitCodeOf } from '../exit-code.js'
import { toResults } from '../judge.js'
import { page } from '../report/html.js'
import { markdown } from '../report/markdown.js'
import { summary } from '../report/summary.js'
import { terminal } from '../report/terminal.js'
import type { PairResult, Results } from '../results.js'
import type { TimingRecord } from '../slices.js'
import { type ComparedWishes, comparedResults, comparedRun } from './comparison.fixtures.js'

function pairOf({ comparison }: Results, strategy: string): PairResult {
  const found = comparison?.pairs.find((pair) => pair.strategy === strategy)
  if (found === undefined) throw new Error(`expected ${strategy} to be compared`)
  return found
}

const words = ({ operations }: PairResult) => operations.map(({ verdict }) => verdict)
const limits = ({ operations }: PairResult) => operations.map(({ limit }) => limit)
const codeOf = (wishes: ComparedWishes) => exitCodeOf(comparedResults(wishes))

describe('the plan of a comparison', () => {
  const { plan } = comparedRun({ added: 'fresh' })
  const arms = plan.experiments[0]?.arms ?? []

  test('gives each strategy a head and a base, the new one a head alone, and the twin the first base', () => {
    const told = arms.map(({ name, version = 'head' }) => `${name} ${version}`).toSorted()
    expect(told).toEqual([
      'fresh head',
      'memory head',
      'memory@base base',
      'noop head',
      'sqlite head',
      'sqlite@base base',
      'twin base',
    ])
    expect(arms.find(({ role }) => role === 'twin')?.module).toBe('memory')
  })

  test('has every arm in every block', () => {
    for (const order of plan.experiments[0]?.blocks ?? []) expect(order).toHaveLength(arms.length)
  })

  test('is told apart by its name', () => expect(plan.runId).toMatch(/-ab$/))
})

describe('the verdict of a comparison', () => {
  const results = comparedResults({ heads: { memory: 1, sqlite: 1.3, file: 0.7 } })

  test('is slower where head takes longer than its own base, whatever the strategies are to one another', () => {
    expect(words(pairOf(results, 'sqlite'))).toEqual(['slower', 'slower', 'slower'])
    const [row] = pairOf(results, 'sqlite').rows
    expect(row).toMatchObject({ operation: 'write', metric: 'throughput', verdict: 'slower' })
    expect(row?.value).toBeCloseTo(1 / 1.3, 1)
    expect(row?.low).toBeLessThan(row?.value ?? 0)
    expect(row?.detectable).toBeGreaterThan(0)
  })

  test('is faster where it takes less', () => {
    expect(words(pairOf(results, 'file'))).toEqual(['faster', 'faster', 'faster'])
  })

  test('is equivalent where both take the same and the run was long enough', () => {
    expect(words(pairOf(results, 'memory'))).toEqual(['equivalent', 'equivalent', 'equivalent'])
  })

  test('is inconclusive where the run was too short', () => {
    expect(words(pairOf(comparedResults({ heads: { memory: 1.03 }, blocks: 1 }), 'memory'))).toContain(
      'inconclusive',
    )
  })

  test('has both versions’ own figures beside the ratio', () => {
    const row = pairOf(results, 'sqlite').rows.find(({ metric }) => metric === 'throughput')
    expect((row?.head ?? 0) / (row?.base ?? 1)).toBeCloseTo(row?.value ?? 0, 1)
  })

  test('goes with a twin of the first base, whose ratio contains 1', () => {
    const { ratios } = results.controls.twin
    expect(ratios.length).toBeGreaterThan(0)
    expect(ratios.find(({ metric }) => metric === 'throughput')?.value).toBeCloseTo(1, 1)
  })

  test('of an open loop is by the median, since throughput is given', () => {
    const paced = comparedResults({ heads: { memory: 1, sqlite: 1.5 }, rate: 800 })
    expect(words(pairOf(paced, 'sqlite'))).toEqual(['slower', 'slower', 'slower'])
    expect(pairOf(paced, 'sqlite').rows.some(({ metric }) => metric === 'throughput')).toBe(false)
  })
})

describe('a limit', () => {
  test('is broken when the whole interval lies beyond it', () => {
    const results = comparedResults({ heads: { memory: 1, sqlite: 1.3 }, maxSlowdown: 0.1 })
    expect(limits(pairOf(results, 'sqlite'))).toEqual(['broken', 'broken', 'broken'])
    expect(limits(pairOf(results, 'memory'))).toEqual(['kept', 'kept', 'kept'])
  })

  test('is undecided when the interval has it inside', () => {
    const results = comparedResults({ heads: { memory: 1.3 }, maxSlowdown: 0.3 })
    expect(limits(pairOf(results, 'memory'))).toContain('undecided')
  })

  test('is said to be kept only by a run that measured everything to its end', () => {
    const sentence = 'Nothing is more than 60.0 % slower.'
    const run = comparedRun({ heads: { memory: 1 }, maxSlowdown: 0.6 })
    const whole = toResults(run)
    expect(markdown(whole)).toContain(sentence)
    const failure: TimingRecord = { kind: 'failure', launch: 0, arm: 'memory@base', reason: 'did not start' }
    expect(markdown(toResults({ ...run, records: [...run.records, failure] }))).not.toContain(sentence)
    expect(markdown({ ...whole, run: { ...whole.run, partial: true } })).not.toContain(sentence)
  })
})

describe('the exit code of a comparison', () => {
  test.each<[string, ComparedWishes, number]>([
    ['0 when nothing is slower', { heads: { memory: 1 } }, 0],
    ['0 when the run was too short to say, and nobody set a limit', { heads: { memory: 1 }, blocks: 1 }, 0],
    ['1 when something is slower', { heads: { memory: 1, sqlite: 1.3 } }, 1],
    ['0 when it is slower by less than the limit', { heads: { memory: 1.3 }, maxSlowdown: 0.6 }, 0],
    ['1 when it is slower by more', { heads: { memory: 1.3 }, maxSlowdown: 0.1 }, 1],
    ['3 when that is undecided', { heads: { memory: 1.3 }, maxSlowdown: 0.3 }, 3],
    ['0 when a strategy is new', { heads: { memory: 1 }, added: 'fresh' }, 0],
  ])('is %s', (_what, wishes, code) => expect(codeOf(wishes)).toBe(code))

  test('is 2 when a base failed, and 1 when something else is slower all the same', () => {
    const failure: TimingRecord = { kind: 'failure', launch: 0, arm: 'memory@base', reason: 'did not start' }
    const failing = (wishes: ComparedWishes) => {
      const run = comparedRun(wishes)
      return toResults({ ...run, records: [...run.records, failure] })
    }
    const alone = failing({ heads: { memory: 1 } })
    expect(exitCodeOf(alone)).toBe(2)
    expect(markdown(alone)).toContain(
      'memory@base: could not be measured to the end: launch 1: did not start',
    )
    expect(exitCodeOf(failing({}))).toBe(1)
  })

  test('is 2 when a base has no slices to show', () => {
    const run = comparedRun({ heads: { memory: 1 } })
    const records = run.records.filter((record) => record.kind !== 'slice' || record.arm !== 'memory@base')
    expect(exitCodeOf(toResults({ ...run, records }))).toBe(2)
  })

  test('is 1 when head broke a claim', () => {
    const results = comparedResults({ heads: { memory: 1 } })
    const strategies = results.strategies.map((strategy) => ({
      ...strategy,
      ...(strategy.correctness && {
        correctness: { ...strategy.correctness, verdict: 'invalid' as const },
      }),
    }))
    expect(exitCodeOf({ ...results, strategies })).toBe(1)
  })
})

describe.each([
  ['report.md', markdown],
  ['summary.md', summary],
  ['report.html', page],
  ['the terminal', terminal],
] as const)('%s of a comparison', (_name, format) => {
  const text = format(comparedResults({ added: 'fresh', maxSlowdown: 0.1 }))

  test('names both versions and what is not committed', () => {
    expect(text).toContain('base 0123456789 (main), head fedcba9876 and what is not committed')
  })

  test('says what is slower, what is new, and whether the limit holds', () => {
    const plain = text.replaceAll(/<[^>]+>|\*\*/g, '')
    expect(plain).toMatch(/More than 10\.0 % slower, beyond chance: sqlite \(write, read, take\)\./)
    expect(plain).toMatch(/New, and so compared with nothing: fresh\./)
    expect(plain).toContain('slower')
  })

  test('has nothing of it in a run of one version', () => {
    const { comparison: _gone, ...rest } = comparedResults()
    expect(format(rest)).not.toContain('head ÷ base')
  })
})
