import { describe, expect, test } from 'vitest'
import { parseEarlier } from '../earlier.js'
import { type Gate, judgeGates, parseGate, whyInfeasible } from '../gates.js'
import { toResults } from '../judge.js'
import { page } from '../report/html.js'
import { markdown } from '../report/markdown.js'
import { summary } from '../report/summary.js'
import { terminal } from '../report/terminal.js'
import { type Results, timingRow } from '../results.js'
import { entrant, exampleResults, exampleRun, pacedRun, planOf, strategyOf } from './fixtures.js'

const results = exampleResults()
const slowTake = timingRow(strategyOf(results, 'slow').timing, 'take', 'client')
const interval = slowTake?.intervals.p99Us ?? { low: 0, high: 0 }

function judged(text: string, run: Results = results) {
  const found = judgeGates([parseGate(text)], run)
  const [first, ...more] = found
  if (first === undefined || more.length > 0) throw new Error(`expected one row, got ${found.length}`)
  return first
}

const verdictOf = (text: string, run?: Results) => judged(text, run).verdict

describe('a gate', () => {
  test.each<[string, Omit<Gate, 'text'>]>([
    ['sqlite:take.p99Us>5000', { strategy: 'sqlite', path: 'take.p99Us', operator: '>', limit: 5_000 }],
    [
      ' redis : verificationFailures.crossWorker.rate > 0 ',
      { strategy: 'redis', path: 'verificationFailures.crossWorker.rate', operator: '>', limit: 0 },
    ],
    ['hybrid:write.ratio>=1.2', { strategy: 'hybrid', path: 'write.ratio', operator: '>=', limit: 1.2 }],
    ['all:read.throughput<1e3', { strategy: 'all', path: 'read.throughput', operator: '<', limit: 1_000 }],
    ['*:take.store.p50Us<=.5', { strategy: 'all', path: 'take.store.p50Us', operator: '<=', limit: 0.5 }],
    [
      'a:take.client.cpuUsPerOp.ratio>2',
      { strategy: 'a', path: 'take.client.cpuUsPerOp.ratio', operator: '>', limit: 2 },
    ],
    [
      'a:correctness.single-use.violations>0',
      { strategy: 'a', path: 'correctness.single-use.violations', operator: '>', limit: 0 },
    ],
    [
      'a:take.throughput.ratio.change<0.9',
      { strategy: 'a', path: 'take.throughput.ratio.change', operator: '<', limit: 0.9 },
    ],
  ])('%j is understood', (text, expected) => {
    expect(parseGate(text)).toEqual({ text: text.trim(), ...expected })
  })

  test.each([
    ['', /Expected strategy:path, one of > >= < <=, and a number, such as/],
    ['sqlite:take.p99Us=5000', /one of > >= < <=/],
    ['take.p99Us>5000', /Expected a strategy and a path with a colon/],
    [':take.p99Us>5000', /a strategy and a path/],
    ['sqlite:>5000', /a strategy and a path/],
    ['sqlite:take.p98Us>5000', /a path out of write\|read\|take\.throughput\|.*, got "take\.p98Us"/],
    ['sqlite:take.store.throughput>1', /a path out of/],
    ['sqlite:correctness.luck.violations>1', /correctness\.visibility\|.*\|linearizable\.violations/],
    ['sqlite:take.p99Us>', /plain number as the limit .* got ""/],
    ['sqlite:take.p99Us>5ms', /plain number as the limit .* got "5ms"/],
    ['sqlite:take.p99Us>0x10', /plain number/],
    ['sqlite:take.p99Us>1e999', /plain number/],
    ['sqlite:take.p99Us>NaN', /plain number/],
    ['sqlite:take.p99Us>1>2', /plain number/],
    ['sql\nite:__proto__>1', /a path out of/],
    ['a:verificationFailures.overall.rate>5', /share from 0 to 1 as the limit, such as 0\.05 for 5 %/],
    ['a:correctness.visibility.rate>-0.1', /share from 0 to 1/],
    ['a:take.p99Us>-1', /limit of at least 0/],
    ['a:take.p99Us<0', /can be broken and can hold.* at least 0/],
    ['a:correctness.single-use.violations<0', /can be broken/],
    ['a:take.ratio>=0', /can be broken and can hold/],
    ['a:verificationFailures.overall.rate>=-0', /can be broken and can hold/],
    ['a:verificationFailures.overall.rate>1', /can be broken and can hold.* at most 1/],
    ['a:verificationFailures.overall.rate<=1', /can be broken and can hold/],
  ])('%j is refused in one line that says what was expected', (text, expected) => {
    expect(() => parseGate(text)).toThrow(expected)
    try {
      parseGate(text)
    } catch (error) {
      expect(String(error)).not.toContain('\n')
    }
  })
})

describe('a gate that could never be judged', () => {
  const { plan } = exampleRun()
  const then = parseEarlier(JSON.stringify(results))
  const why = (text: string, more = {}, earlier = then) =>
    whyInfeasible({ ...plan, gates: [parseGate(text)], ...more }, earlier)

  test.each([
    [
      'ghost:take.p99Us>1',
      {},
      /expected a strategy of this run, memory, slow, naive, absent, or all, got "ghost"/,
    ],
    ['slow:take.p99Us>1', { experiments: [] }, /expected the timing study.*name it with --only/],
    ['slow:verificationFailures.overall.rate>0', { experiments: [] }, /the timing or the correctness study/],
    ['slow:correctness.single-use.violations>0', {}, /expected the correctness study/],
  ])('%s is told before anything is measured', (text, more, expected) =>
    expect(why(text, more)).toMatch(expected),
  )

  test.each(['ratio', 'change', 'ratio.change'])('is a throughput’s %s in an open loop', (what) => {
    const { openLoop } = pacedRun().plan
    for (const path of ['take.throughput', 'take.client.throughput'])
      expect(why(`all:${path}.${what}>1`, { openLoop })).toMatch(/expected a closed loop, got --rate/)
    expect(why(`all:take.p50Us.${what}>1`, { openLoop })).toBeUndefined()
    expect(why('all:take.throughput<500', { openLoop })).toBeUndefined()
  })

  test.each(['change', 'ratio.change'])('is the %s of a strategy that the earlier run had not', (what) => {
    const { entrants } = planOf([...plan.entrants, entrant('new')])
    expect(why(`new:take.p50Us.${what}>1`, { entrants })).toMatch(
      /expected a strategy that the earlier run measured, memory, slow, naive, got "new"/,
    )
    expect(why('new:take.p50Us>1', { entrants })).toBeUndefined()
    expect(why(`all:take.p50Us.${what}>1`, { entrants })).toBeUndefined()
  })

  test('is the change of a ratio to another baseline', () => {
    const other = { ...then, run: { ...then.run, baseline: 'slow' } }
    expect(why('all:take.ratio.change>1', {}, other)).toMatch(
      /ratios are to memory as well, got one of ratios to slow; --reference slow/,
    )
    expect(why('all:take.p50Us.change>1', {}, other)).toBeUndefined()
  })

  test.each([
    'all:take.p99Us>1',
    'slow:take.ratio>1',
    'slow:correctness.visibility.violations>0',
    'memory:write.ratio.change>1',
  ])('%s is none', (text) => expect(why(text)).toBeUndefined())
})

describe('the verdict of a gate', () => {
  const { low, high } = interval
  const middle = Math.sqrt(low * high)

  test('hangs on the whole interval', () => {
    expect(low).toBeLessThan(high)
    const at = (operator: string, limit: number) => verdictOf(`slow:take.p99Us${operator}${limit}`)
    expect([low / 2, middle, high * 2].map((limit) => at('>', limit))).toEqual([
      'broken',
      'undecided',
      'held',
    ])
    expect([low / 2, middle, high * 2].map((limit) => at('<', limit))).toEqual([
      'held',
      'undecided',
      'broken',
    ])
  })

  test.each([
    ['>', 'undecided', 'held'],
    ['>=', 'broken', 'undecided'],
    ['<', 'held', 'undecided'],
    ['<=', 'undecided', 'broken'],
  ])('counts the limit itself to the side that %s says', (operator, atLow, atHigh) => {
    const at = (limit: number) => verdictOf(`slow:take.p99Us${operator}${limit}`)
    expect([at(low), at(high)]).toEqual([atLow, atHigh])
  })

  test('comes with value, interval and limit', () => {
    expect(judged('slow:take.p99Us>1')).toEqual({
      gate: 'slow:take.p99Us>1',
      strategy: 'slow',
      path: 'take.p99Us',
      operator: '>',
      limit: 1,
      unit: 'us',
      value: slowTake?.p99Us,
      interval,
      verdict: 'broken',
    })
  })

  test('knows throughput, CPU time, both clocks, and ratios of each', () => {
    // The slow one takes twice as long, by both clocks, and does half.
    for (const [metric, ratio] of [
      ['p50Us', 2],
      ['cpuUsPerOp', 2],
      ['store.p50Us', 2],
      ['throughput', 0.5],
    ] as const) {
      const own = judged(`slow:take.${metric}.ratio>9`)
      expect(own.value).toBeCloseTo(ratio, 1)
      expect(verdictOf(`slow:take.${metric}.ratio>${ratio * 1.2}`)).toBe('held')
      expect(verdictOf(`slow:take.${metric}.ratio>${ratio / 1.2}`)).toBe('broken')
    }
    expect(judged('slow:take.ratio>1.5')).toMatchObject({ verdict: 'broken', unit: 'ratio' })
    expect(verdictOf('slow:take.throughput<1')).toBe('held')
    expect(verdictOf('slow:take.throughput<1000000')).toBe('broken')
  })

  test('takes the baseline for its own measure', () =>
    expect(judged('memory:take.ratio>1')).toMatchObject({ value: 1, verdict: 'held' }))

  test('of a rate is by its interval', () => {
    const rate = 'verificationFailures.crossWorker.rate'
    // memory lost 100 % of its cross-worker takes, the exhibit 30 %, the slow one none.
    expect(verdictOf(`memory:${rate}>0.5`)).toBe('broken')
    expect(verdictOf(`memory:${rate}<0.99999`)).toBe('undecided')
    expect(verdictOf(`naive:${rate}>0.3`)).toBe('undecided')
    expect(verdictOf(`slow:${rate}>0.000001`)).toBe('undecided')
    expect(verdictOf(`slow:${rate}>0.1`)).toBe('held')
  })

  test('of a rate against 0 or 1 asks whether it was ever seen, for no interval of a rate ends there', () => {
    const rate = 'verificationFailures.crossWorker.rate'
    expect(verdictOf(`memory:${rate}>0`)).toBe('broken')
    expect(judged(`slow:${rate}>0`)).toMatchObject({ value: 0, verdict: 'held' })
    expect(judged(`slow:${rate}>0`).interval?.high).toBeGreaterThan(0)
    expect(verdictOf(`memory:${rate}<1`)).toBe('held')
  })

  test('of a count is exact', () => {
    expect(verdictOf('memory:verificationFailures.crossWorker.failures>0')).toBe('broken')
    expect(verdictOf('slow:verificationFailures.crossWorker.failures>0')).toBe('held')
    expect(judged('slow:verificationFailures.crossWorker.attempts<100')).toMatchObject({
      unit: 'count',
      verdict: 'held',
    })
    expect(judged('naive:correctness.visibility.violations>0')).toMatchObject({ verdict: 'broken' })
    expect(verdictOf('slow:correctness.visibility.rate>0.5')).toBe('held')
  })

  test('is unmeasured, with the reason, where nothing was measured', () => {
    expect(judged('absent:take.p99Us>1')).toMatchObject({
      verdict: 'unmeasured',
      value: null,
      interval: null,
      reason: 'skipped: no such library',
    })
    // Unknown: the timing study forces no races.
    expect(verdictOf('slow:correctness.single-use.violations>0')).toBe('unmeasured')
    expect(verdictOf('slow:take.p99Us.change>1')).toBe('unmeasured')
  })

  test('is unmeasured of what clients waited for a strategy that did not keep the pace', () => {
    const run = toResults(pacedRun(30))
    for (const path of ['take.p50Us', 'take.client.p99Us', 'take.ratio'])
      expect(judged(`slow:${path}>1`, run)).toMatchObject({
        verdict: 'unmeasured',
        value: null,
        reason: expect.stringContaining('did not keep the pace'),
      })
    expect(verdictOf('slow:take.store.p50Us>1', run)).toBe('broken')
    expect(verdictOf('slow:take.cpuUsPerOp>1', run)).toBe('broken')
    expect(verdictOf('memory:take.p50Us>1', run)).toBe('broken')
    expect(verdictOf('slow:take.p50Us>1', toResults(pacedRun()))).toBe('broken')
  })

  test('is undecided, with the reason, of what was measured too little for an interval', () => {
    const strategies = results.strategies.map((strategy) => ({
      ...strategy,
      ...(strategy.timing && {
        timing: strategy.timing.map((row) => ({ ...row, intervals: { ...row.intervals, p99Us: null } })),
      }),
    }))
    expect(judged('slow:take.p99Us>1', { ...results, strategies })).toMatchObject({
      verdict: 'undecided',
      interval: null,
      reason: expect.stringContaining('more launches'),
    })
  })

  test('of all is one of every strategy but the exhibits and the skipped', () => {
    const found = judgeGates(
      [parseGate('all:take.ratio>1.5'), parseGate('naive:take.p50Us>60000000')],
      results,
    )
    expect(found.map(({ strategy, verdict }) => [strategy, verdict])).toEqual([
      ['memory', 'held'],
      ['slow', 'broken'],
      ['naive', 'held'],
    ])
  })
})

describe('gates in the reports', () => {
  const gates = judgeGates(
    [
      'slow:take.p99Us>1',
      'slow:read.p50Us<1',
      'absent:take.p50Us>1',
      `slow:take.p99Us>${interval.low * 1.01}`,
    ].map(parseGate),
    results,
  )
  const run = { ...results, gates }

  test('are told everywhere, the broken first, with value, interval and limit', () => {
    for (const told of [markdown(run), summary(run)]) {
      const [, part = ''] = told.split('## Gates')
      const [, , first = '', , third = ''] = part.split('\n').filter((line) => line.startsWith('|'))
      expect(first).toMatch(
        /slow:take\.p99Us>1 \| slow \| \S+ ms \| \[\S+ ms, \S+ ms\] \| > 1\.00 µs \| \*\*broken\*\* \|$/,
      )
      expect(third).toMatch(/undecided \|$/)
      expect(part).toContain('unmeasured: skipped: no such library')
      expect(part).toContain('slow:read.p50Us&lt;1 | slow')
    }
    const [first] = terminal(run)
      .split('\n')
      .filter((line) => line.startsWith('• gate'))
    expect(first).toMatch(
      /^• gate broken: slow:take\.p99Us>1: slow has \S+ ms \[\S+ ms, \S+ ms\], fails when take\.p99Us > 1\.00 µs$/,
    )
    expect(page(run)).toMatch(/<section id="gates"[\s\S]*<code>slow:take\.p99Us&gt;1<\/code>[\s\S]*broken/)
  })

  test('are absent where there are none', () => {
    for (const told of [markdown(results), summary(results), terminal(results), page(results)])
      expect(told).not.toMatch(/## Gates|gate broken|id="gates"/)
  })
})
