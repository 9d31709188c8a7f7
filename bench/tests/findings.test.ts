import { describe, expect, test } from 'vitest'
import type { Isolation } from '../isolation/record.js'
import { judgeFindings } from '../judge/findings.js'
import { type CorrectnessResult, type StrategyResult, type TimingResult, timingRow } from '../results.js'
import { exampleResults, strategyOf } from './fixtures.js'

/** Strategies with throughput ratios of ±5 %, and what restarts left of their captchas. */
function timed(costs: Readonly<Record<string, number>>, kept = 0): readonly StrategyResult[] {
  return Object.entries({ memory: 1, ...costs }).map(([name, cost]) => ({
    ...strategyOf(example, name === 'memory' ? 'memory' : 'slow'),
    name,
    timing: (['write', 'take'] as const).map((operation) => ({
      ...timingOf(operation),
      ratios: [
        { ...verdictOf(1 / cost), baseline: 'memory', metric: 'throughput' as const, detectable: 0.05 },
      ],
    })),
    correctness: { ...judged, restarts: { looked: 40, kept } },
  }))
}

function verdictOf(value: number) {
  const [low, high] = [value * 0.95, value * 1.05]
  const verdict = high < 1 ? 'slower' : low > 1 ? 'faster' : 'equivalent'
  return { value, low, high, verdict } as const
}

function timingOf(operation: 'write' | 'take'): TimingResult {
  const row = timingRow(strategyOf(example, 'slow').timing, operation, 'client')
  if (row === undefined) throw new Error(`expected a row of ${operation}`)
  return row
}

const example = exampleResults()
const judged: CorrectnessResult = {
  ...(strategyOf(example, 'slow').correctness ?? raise('expected the slow one to be judged')),
  verdict: 'valid',
}

function raise(message: string): never {
  throw new Error(message)
}

describe('a manager that is slower and loses its data', () => {
  test.each([
    ['confirmed', 1.5, 0],
    ['refuted', 1.5, 40],
    ['refuted', 1, 0],
    ['undecided', 1.5, 5],
  ])('is %s at %d times the cost with %d of 40 kept', (verdict, cost, kept) => {
    expect(judgeFindings(timed({ manager: cost }, kept))[4]?.verdict).toBe(verdict)
  })

  test('is undecided while no restart was looked at', () => {
    const strategies = timed({ manager: 1.5 }).map(({ correctness: _none, ...rest }) => rest)
    expect(judgeFindings(strategies)[4]?.verdict).toBe('undecided')
  })
})

describe('shared memory that is not worth it', () => {
  test.each([
    ['refuted', 1.02, 1.5],
    ['confirmed', 1.5, 1.02],
    ['undecided', 1.2, 1.2],
  ])('is %s at %d times the cost of memory beside another at %d', (verdict, own, other) => {
    expect(judgeFindings(timed({ 'shared-memory': own, sqlite: other }))[5]?.verdict).toBe(verdict)
  })

  test('is confirmed by a store that breaks its claims, however fast', () => {
    const strategies = timed({ 'shared-memory': 1, sqlite: 2 }).map((strategy) =>
      strategy.name === 'shared-memory' && strategy.correctness
        ? { ...strategy, correctness: { ...strategy.correctness, verdict: 'invalid' as const } }
        : strategy,
    )
    expect(judgeFindings(strategies)[5]?.verdict).toBe('confirmed')
  })

  test('is compared with stores elsewhere, and not with a journal beside it', () => {
    const strategies = timed({ 'shared-memory': 1.02, journal: 1.02, sqlite: 1.5 })
    expect(judgeFindings(strategies)[5]).toMatchObject({
      verdict: 'refuted',
      measured: expect.stringContaining('is sqlite with'),
    })
  })

  test('compares with no exhibit and with nothing that ends at a process', () => {
    const strategies = timed({ 'shared-memory': 1.2 })
    expect(judgeFindings(strategies)[5]?.verdict).toBe('undecided')
  })
})

const seen = (topology: Isolation['topology'], [thrown, died]: readonly [number, number]): Isolation => ({
  topology,
  workers: 4,
  crashes: [
    { how: 'throw', others: 3, unharmed: thrown },
    { how: 'die', others: 2, unharmed: died },
  ],
  coresUsed: 1.9,
  connections: { open: 4, shared: topology === 'threads' ? 4 : 0 },
})

describe('one crash that kills all threads and one process', () => {
  const verdict = (...isolation: readonly Isolation[]) => judgeFindings([], isolation)[6]?.verdict

  test('is confirmed when just that was seen', () => {
    expect(verdict(seen('processes', [3, 2]), seen('threads', [0, 0]))).toBe('confirmed')
  })

  test('is refuted when an exception ends one thread alone', () => {
    expect(verdict(seen('processes', [3, 2]), seen('threads', [3, 0]))).toBe('refuted')
  })

  test('is refuted when a crash takes other processes along', () => {
    expect(verdict(seen('processes', [3, 1]), seen('threads', [0, 0]))).toBe('refuted')
  })

  test('is undecided when it is not known how many cores were used', () => {
    const processes = { ...seen('processes', [3, 2]), coresUsed: null }
    expect(verdict(processes, seen('threads', [0, 0]))).toBe('undecided')
  })

  test('is undecided when only one topology was looked at', () => {
    expect(verdict(seen('processes', [3, 2]))).toBe('undecided')
  })
})

describe('processes that share no descriptors', () => {
  test('are confirmed by tables that have no connection in common, and refuted by one', () => {
    const processes = seen('processes', [3, 2])
    expect(judgeFindings([], [processes])[7]?.verdict).toBe('confirmed')
    const shared = { ...processes, connections: { open: 4, shared: 1 } }
    expect(judgeFindings([], [shared])[7]?.verdict).toBe('refuted')
  })

  test('are undecided where there is no /proc', () => {
    expect(judgeFindings([], [{ ...seen('processes', [3, 2]), connections: null }])[7]?.verdict).toBe(
      'undecided',
    )
  })
})
