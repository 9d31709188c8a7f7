import { describe, expect, test } from 'vitest'
import { differencesOf, type EarlierRun, parseEarlier } from '../earlier.js'
import { judgeGates, parseGate } from '../gates.js'
import { parseResults, toResults } from '../judge.js'
import { page } from '../report/html.js'
import { markdown } from '../report/markdown.js'
import { summary } from '../report/summary.js'
import { terminal } from '../report/terminal.js'
import type { ChangeResult, Results } from '../results.js'
import {
  controls,
  entrant,
  environment,
  exampleResults,
  exampleRun,
  memory,
  pacedRun,
  planOf,
  record,
} from './fixtures.js'

const plan = planOf([memory, entrant('slow'), entrant('new')])

/** A run in which the slow one costs so many times the baseline, on a machine that is so many times as slow. */
function runOf({ slow = 2, machine = 1, seed = 1, earlier }: Wishes): Results {
  const behaviours = {
    memory: { cost: machine },
    slow: { cost: slow * machine },
    ...(earlier === undefined ? {} : { new: { cost: machine } }),
    twin: { cost: machine },
    noop: { ...controls.noop, cost: 0.8 * machine },
  }
  return toResults({ plan, environment, records: record({ blocks: 12, seed, behaviours }), earlier })
}

interface Wishes {
  readonly slow?: number
  readonly machine?: number
  readonly seed?: number
  readonly earlier?: EarlierRun
}

const before = parseEarlier(JSON.stringify(runOf({ seed: 2 })))
const beside = (wishes: Wishes) => runOf({ earlier: before, ...wishes })

function changeIn(run: Results, strategy: string, metric: ChangeResult['metric']): ChangeResult {
  const found = run.earlier?.changes.find(
    (change) => change.strategy === strategy && change.operation === 'take' && change.metric === metric,
  )
  if (found === undefined) throw new Error(`expected a change of ${metric} of ${strategy}`)
  return found
}

const redis = (version: string, origin: 'own' | 'given') => ({ engine: 'redis', version, origin })

const withRedis = { ...before, environment: { ...environment, engines: [redis('8.0.1', 'own')] } }

describe('an earlier run', () => {
  const json = JSON.stringify(exampleResults())

  test('is taken as far as it is compared, and is as small as that', () => {
    expect(JSON.stringify(before)).not.toMatch(/histogram|witness|findings/)
    expect(before.strategies.map(({ name }) => name)).toEqual(['memory', 'slow', 'new'])
    expect(parseEarlier(JSON.stringify({ ...JSON.parse(json), later: true })).run.id).toBe(
      exampleResults().run.id,
    )
  })

  test.each([
    ['text', 'no JSON\nat all', /expected JSON, got something else/],
    ['a number that is none', json.replace(/"p50Us":[\d.]+/, '"p50Us":NaN'), /expected JSON/],
    ['another version', json.replace('"schemaVersion":1', '"schemaVersion":2'), /schemaVersion 1, got 2/],
    ['no version', '{}', /schemaVersion 1, got none/],
    ['a list', '[]', /schemaVersion 1, got none/],
    ['null', 'null', /schemaVersion 1, got none/],
    ['no strategies', json.replace('"strategies":', '"x":'), /expected .* at /],
    ['a strategy twice', json.replace('"name":"slow"', '"name":"memory"'), /every strategy once/],
    [
      'a bound below nothing',
      json.replace(/"throughput":\{"low":[\d.]+/, '"throughput":{"low":-1'),
      /at \/strategies/,
    ],
    [
      'nothing timed',
      JSON.stringify({ ...JSON.parse(json), strategies: [] }),
      /timing study measured something/,
    ],
  ])('that is %s is refused in one line', (_what, text, reason) => {
    expect(() => parseEarlier(text)).toThrow(reason)
    try {
      parseEarlier(text)
    } catch (error) {
      expect(String(error)).not.toContain('\n')
    }
  })

  test.each<[string, Parameters<typeof differencesOf>[0], readonly string[]]>([
    ['alike', before, []],
    ['a few bytes apart', { ...before, environment: { ...environment, memoryBytes: 8.1 * 2 ** 30 } }, []],
    ['a patch of Node apart', { ...before, environment: { ...environment, node: 'v20.20.1' } }, []],
    ['a kernel apart', { ...before, environment: { ...environment, system: 'Linux 6.9' } }, []],
    [
      'on another machine',
      { ...before, environment: { ...environment, cpu: 'Another', cores: 4, node: 'v22.1.0' } },
      ['CPU: Another now, A processor then', 'cores: 4 now, 2 then', 'Node: 22 now, 20 then'],
    ],
    [
      'with other settings',
      { ...before, run: { ...before.run, workers: 8, hosts: 2, rate: 500 } },
      ['workers: 8 now, 2 then', 'hosts: 2 now, 1 then', 'requests per second: 500 now, a closed loop then'],
    ],
    [
      'with an engine that is given',
      { ...before, environment: { ...environment, engines: [redis('8.0.1', 'given')] } },
      ['redis: given now, own then'],
    ],
    [
      'with another engine and a minor version',
      {
        ...before,
        environment: {
          ...environment,
          engines: [redis('8.2.0', 'own'), { engine: 'postgres', version: '17.1', origin: 'given' }],
        },
      },
      [],
    ],
    [
      'with a major version of an engine',
      { ...before, environment: { ...environment, engines: [redis('9.0.0', 'own')] } },
      ['version of redis: 9 now, 8 then'],
    ],
  ])('%s differs by that', (_what, now, expected) => {
    expect(differencesOf(now, withRedis)).toEqual(expected)
  })
})

describe('beside an earlier run', () => {
  test('what became twice as slow is found, and what did not is not', () => {
    const run = beside({ slow: 4 })
    const { value, low, high, verdict, ratio } = changeIn(run, 'slow', 'p50Us')
    expect([low < 2 && 2 < high, verdict]).toEqual([true, 'slower'])
    expect(value).toBeCloseTo(Math.sqrt(low * high), 9)
    expect(changeIn(run, 'slow', 'throughput').verdict).toBe('slower')
    expect([ratio && ratio.low < 2 && 2 < ratio.high, ratio?.verdict]).toEqual([true, 'slower'])
    expect(changeIn(run, 'memory', 'p50Us').verdict).not.toBe('slower')
  })

  test('a machine three times as slow is in every figure, and cancels out of the ratios', () => {
    const run = beside({ machine: 3 })
    const { low, high, verdict, ratio } = changeIn(run, 'slow', 'p50Us')
    expect([low < 3 && 3 < high, verdict]).toEqual([true, 'slower'])
    expect([ratio && ratio.low < 1 && 1 < ratio.high, ratio?.verdict === 'slower']).toEqual([true, false])
    expect(changeIn(run, 'memory', 'p50Us').ratio).toBeUndefined()
  })

  test('intervals are wider than those of either run, and narrower than both together', () => {
    const run = beside({})
    const change = changeIn(run, 'slow', 'p50Us')
    const widthOf = ({ low, high }: { low: number; high: number }) => Math.log(high / low)
    const own = [run.strategies, before.strategies].map((strategies) => {
      const rows = strategies.find(({ name }) => name === 'slow')?.timing ?? []
      const row = rows.find(({ operation, source }) => operation === 'take' && source === 'client')
      return row?.intervals.p50Us ? widthOf(row.intervals.p50Us) : 0
    })
    expect(widthOf(change)).toBeGreaterThan(Math.max(...own))
    expect(widthOf(change)).toBeLessThan((own[0] ?? 0) + (own[1] ?? 0))
  })

  test('the interval holds the truth about as often as it says', () => {
    const hits = Array.from({ length: 12 }, (_, index) => {
      const { low, high } = changeIn(beside({ slow: 2, seed: 100 + index }), 'slow', 'cpuUsPerOp')
      return low <= 1 && 1 <= high
    })
    // One earlier run serves them all, so its own error is in every one of them.
    expect(hits.filter(Boolean).length).toBeGreaterThan(9)
  }, 60_000)

  test('has no change of a strategy that was not there, or was measured against another baseline', () => {
    expect(beside({}).earlier?.changes.some(({ strategy }) => strategy === 'new')).toBe(false)
    const other = { ...before, run: { ...before.run, baseline: 'slow' } }
    const changes = beside({ earlier: other }).earlier?.changes ?? []
    expect(changes.length).toBeGreaterThan(0)
    expect(changes.filter(({ ratio }) => ratio !== undefined)).toEqual([])
  })

  test('gates can ask for the change', () => {
    const run = beside({ slow: 4 })
    const words = ['slow:take.p50Us.change>1.5', 'slow:take.throughput.ratio.change>0.9'].map(
      (text) => judgeGates([parseGate(text)], run)[0]?.verdict,
    )
    expect(words).toEqual(['broken', 'held'])
    expect(judgeGates([parseGate('new:take.p50Us.change>1')], run)[0]?.verdict).toBe('unmeasured')
  })

  test('gates of all ask the baseline too, whose ratio to itself does not change, and nobody who is new', () => {
    const rows = (text: string, run: Results) =>
      judgeGates([parseGate(text)], run).map(({ strategy, value, verdict }) => [strategy, value, verdict])
    const run = beside({ slow: 4 })
    for (const path of ['take.throughput.ratio.change<0.9', 'take.ratio.change>1.5'])
      expect(rows(`all:${path}`, run)).toEqual([
        ['memory', 1, 'held'],
        ['slow', expect.any(Number), 'broken'],
      ])
    expect(rows('all:take.p50Us.change>1.5', run).map(([name]) => name)).toEqual(['memory', 'slow'])
    expect(rows('all:take.p50Us>1', run).map(([name]) => name)).toEqual(['memory', 'slow', 'new'])
    const none = { ...before, strategies: before.strategies.filter(({ name }) => name === 'other') }
    const [unmeasured] = judgeGates([parseGate('all:take.ratio.change>1')], beside({ earlier: none }))
    expect(unmeasured).toMatchObject({
      strategy: 'all',
      verdict: 'unmeasured',
      reason: 'no strategy was measured often enough in both runs',
    })
  })

  test.each([
    ['now', pacedRun(30), pacedRun()],
    ['then', pacedRun(), pacedRun(30)],
  ])('what clients waited is compared with nothing where the pace was not kept %s', (_when, now, then) => {
    const earlier = parseEarlier(JSON.stringify(toResults(then)))
    const changes = toResults({ ...now, earlier }).earlier?.changes ?? []
    const of = (name: string) =>
      new Set(changes.flatMap((one) => (one.strategy === name ? `${one.source} ${one.metric}` : [])))
    const kept = ['client p50Us', 'client p99Us', 'client cpuUsPerOp', 'store p50Us', 'store p99Us']
    expect([...of('memory')]).toEqual(kept)
    expect([...of('slow')]).toEqual(kept.slice(2))
  })

  test('a throughput that either run was given is compared with nothing', () => {
    const { earlier } = toResults({ ...pacedRun(), earlier: parseEarlier(JSON.stringify(exampleResults())) })
    expect(earlier?.changes.filter(({ metric }) => metric === 'throughput')).toEqual([])
    const paced = parseEarlier(JSON.stringify(toResults(pacedRun())))
    expect(toResults({ ...exampleRun(), earlier: paced }).earlier?.changes).not.toContainEqual(
      expect.objectContaining({ metric: 'throughput' }),
    )
  })

  test('results.json keeps it', () => {
    const run = beside({})
    expect(parseResults(JSON.stringify(run))).toEqual(run)
    expect(run.earlier?.run.id).toBe(before.run.id)
  })

  test('every report warns that the two are not paired, and names what was not alike', () => {
    const strange = { ...before, environment: { ...before.environment, cpu: '<b>Another</b> | one' } }
    const run = beside({ earlier: strange })
    for (const told of [markdown(run), summary(run), terminal(run), page(run)]) {
      expect(told).toMatch(/not paired/)
      expect(told).toMatch(/Not alike/)
    }
    for (const told of [markdown(run), summary(run), page(run)]) expect(told).not.toContain('<b>Another')
    for (const told of [markdown(run), page(run).replaceAll(/<script>.*?<\/script>/gs, '')])
      expect(told).not.toMatch(/undefined|NaN|Infinity|\[object/)
  })

  test('no report mentions it without one', () => {
    for (const told of [markdown(exampleResults()), terminal(exampleResults()), page(exampleResults())])
      expect(told).not.toMatch(/earlier run|Beside /)
  })
})
