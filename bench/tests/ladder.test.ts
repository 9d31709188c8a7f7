import { describe, expect, test } from 'vitest'
import { recommend, stepsOf } from '../judge/recommend.js'
import { ladder } from '../report/ladder.js'
import { markdown } from '../report/markdown.js'
import { terminal } from '../report/terminal.js'
import type { Results, StrategyResult } from '../results.js'
import { exampleResults, strategyOf } from './fixtures.js'
import { candidate } from './recommend.fixtures.js'

const base = exampleResults()

/** Results of a run of both studies, with these strategies in it. */
function resultsOf(strategies: readonly StrategyResult[], run: Partial<Results['run']> = {}): Results {
  const recommendations = recommend(strategies, 'memory')
  return {
    ...base,
    run: { ...base.run, studies: ['timing', 'correctness'], ...run },
    strategies: [...strategies],
    recommendations,
    rungSteps: stepsOf(recommendations),
  }
}

const memory = candidate({
  name: 'memory',
  scope: 'process',
  survives: 'nothing',
  cost: 1,
  unknown: ['fail-closed'],
})
const file = candidate({
  name: 'file',
  scope: 'host',
  survives: 'restart',
  cost: 2,
  seen: ['process', 'host'],
})
const near = candidate({
  name: 'near',
  scope: 'host',
  survives: 'restart',
  cost: 2.1,
  seen: ['process', 'host'],
})
const engine = candidate({ name: 'engine', scope: 'fleet', survives: 'power-loss', cost: 4 })
const results = resultsOf([memory, file, near, engine])
const text = ladder(results)

function rowOf(part: string, name: string): readonly string[] {
  const line = part.split('\n').find((one) => one.startsWith(`| ${name} |`)) ?? ''
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())
}

describe('the ladder in the report', () => {
  test('comes right after the verdict', () => {
    const report = markdown(results)
    const titles = report.split('\n').filter((line) => line.startsWith('## '))
    expect(titles.slice(0, 2)).toEqual(['## The ladder', '## Correctness'])
    expect(report).not.toMatch(/undefined|null|NaN|Infinity|\[object/)
  })

  test('has a row for each strategy: rungs, what it survives and what it costs', () => {
    expect(rowOf(text, 'strategy').slice(0, 6)).toEqual([
      'strategy',
      'process',
      'threads',
      'host',
      'fleet',
      'survives',
    ])
    expect(rowOf(text, 'memory')).toEqual(['memory', '✓', '–', '–', '–', 'nothing', '300 µs', '1', '1'])
    expect(rowOf(text, 'file').slice(0, 5)).toEqual(['file', '✓', '?', '✓', '–'])
    expect(rowOf(text, 'file').slice(6)).toEqual(['600 µs', '0.50 [0.48, 0.53]', '0.50 [0.48, 0.53]'])
  })

  test('tells what was seen of a rung that is not claimed, as no broken promise', () => {
    const { correctness } = memory
    if (correctness === undefined) throw new Error('expected memory to be judged')
    const climbed = correctness.ladder.map((rung) =>
      rung.rung === 'host' ? { ...rung, verdict: 'invalid' as const } : rung,
    )
    const changed = resultsOf([{ ...memory, correctness: { ...correctness, ladder: climbed } }])
    expect(rowOf(ladder(changed), 'memory')[3]).toBe('✗ not claimed')
  })

  test('says of a durability whether it was kept', () => {
    const { correctness } = file
    if (correctness === undefined) throw new Error('expected file to be judged')
    const promises = [{ claim: 'survives', promised: 'restart', observation: 'broken' }] as const
    const broken = { ...file, correctness: { ...correctness, promises: [...promises] } }
    expect(rowOf(ladder(resultsOf([broken])), 'file')[5]).toBe('restart ✗')
  })

  test('compares CPU time where the pace was given', () => {
    const paced = ladder(resultsOf([memory, file], { rate: 500 }))
    expect(rowOf(paced, 'file')[7]).toBe('2.00 [1.90, 2.10]')
    expect(paced).toContain('÷ memory: CPU time per request')
  })

  test('is not there when neither study was run', () => {
    expect(ladder(resultsOf([memory], { studies: ['micro'] }))).toBe('')
  })

  test('has no costs when nothing was timed', () => {
    const { timing: _timing, ...untimed } = memory
    const told = ladder(resultsOf([untimed], { studies: ['correctness'] }))
    expect(rowOf(told, 'memory')).toHaveLength(6)
  })
})

describe('the recommendation in the report', () => {
  test('has a cell for each rung and durability', () => {
    expect(rowOf(text, 'process')).toEqual([
      'process',
      '**memory**',
      '**file** (or near)',
      '**file** (or near)',
      '**engine**',
    ])
    expect(rowOf(text, 'threads').slice(1)).toEqual(Array.from({ length: 4 }, () => '**engine**'))
    expect(rowOf(ladder(resultsOf([memory])), 'fleet').slice(1)).toEqual(['–', '–', '–', '–'])
  })

  test('says what each costs, and which laws were not exercised on it', () => {
    const [, evidence = ''] = text.split('| recommended |')
    expect(rowOf(evidence, 'memory')).toEqual(['memory', '1', '1', '1', '1', '1', 'fail-closed'])
    expect(rowOf(evidence, 'file').slice(1, 3)).toEqual(['2.00 [1.90, 2.10]', '2.00 [1.90, 2.10]'])
    expect(rowOf(evidence, 'near')).toEqual([])
  })

  test('tells what the next rung costs, the same step once', () => {
    expect(text).toContain(
      "- From threads to host, surviving nothing, a worker's crash or a restart: **file** in place of **engine**, 2.00",
    )
    expect(text).toContain(
      '- From host to fleet, surviving loss of power: nothing more, for **engine** serves both.',
    )
  })

  test.each([
    ['timing', ['correctness'], 'the timing study was not run'],
    ['correctness', ['timing'], 'the correctness study was not run'],
  ] as const)('says that the %s study is missing', (_study, studies, reason) => {
    const told = ladder({ ...resultsOf([], { studies: [...studies] }), strategies: base.strategies })
    expect(told).toContain(`None: ${reason}`)
  })

  test('says why there is none where both studies were run', () => {
    expect(ladder(resultsOf([{ ...file, failed: 'it crashed' }]))).toContain(
      'None: no strategy was seen to keep all its promises',
    )
    const timing = file.timing?.map((row) => ({ ...row, cpuUsPerOp: null, ratios: [] })) ?? []
    expect(ladder(resultsOf([{ ...file, timing }]))).toContain('None: CPU time could not be measured')
    const nothing = timing.map((row) => ({ ...row, slices: 0 }))
    const bare = ladder(resultsOf([{ ...memory, timing: nothing }]))
    expect(bare).toContain('None: the timing study had no time to measure anything')
    expect(rowOf(bare, 'memory').slice(6)).toEqual(['–', '–', '–'])
  })

  test('warns of a contaminated run', () => {
    const spoilt = { ...results, controls: { ...results.controls, contaminated: true } }
    expect(ladder(spoilt)).toContain('measure again')
    expect(text).not.toContain('measure again')
  })

  test('takes a line a rung on the screen', () => {
    const lines = terminal(results).trimEnd().split('\n').slice(-5)
    expect(lines).toEqual([
      '• Cheapest that kept its promises, and what it survives:',
      '  process  memory (nothing), file (restart), engine (power-loss)',
      '  threads  engine (power-loss)',
      '  host     file (restart), engine (power-loss)',
      '  fleet    engine (power-loss)',
    ])
    expect(terminal(resultsOf([]))).not.toContain('Cheapest')
  })

  test('is empty in the results of a run that was only timed', () => {
    expect([base.recommendations, base.rungSteps]).toEqual([[], []])
    expect(strategyOf(base, 'slow').correctness?.ladder).toHaveLength(4)
  })
})
