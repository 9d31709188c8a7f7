import { readFileSync } from 'node:fs'
import { parseEarlier } from '../earlier.js'
import { judgeGates, parseGate } from '../gates.js'
import { compareRuns } from '../judge/earlier.js'
import { parseResults, toResults } from '../judge.js'
import type { Results, StrategyResult } from '../results.js'
import { strategyOf } from './fixtures.js'
import { scalingRun } from './scaling.fixtures.js'

/** Runs to draw: the committed one, with its real distributions and witnesses, and what it has not. */

function reference(): Results {
  return parseResults(readFileSync(new URL('../../results/reference/results.json', import.meta.url), 'utf8'))
}

/** Everything a run can hold: all studies, a skipped strategy, one that failed, isolation. */
export function fullResults(): Results {
  known ??= made()
  return structuredClone(known)
}

let known: Results | undefined

function made(): Results {
  const run = reference()
  const scaled = toResults(scalingRun())
  const { scaling } = strategyOf(scaled, 'linear')
  const strategies = run.strategies.map((strategy, index) => ({
    ...strategy,
    ...(scaling && { scaling: index === 0 ? (strategyOf(scaled, 'memory').scaling ?? scaling) : scaling }),
    micro: [
      {
        operation: 'write' as const,
        population: 10_000,
        p50Ns: 420.5 * (index + 1),
        p99Ns: 9_876,
        samples: 51_234,
      },
    ],
    microGaps: [{ population: 1_000_000, reason: 'its time was up' }],
  }))
  return {
    ...run,
    run: { ...run.run, studies: ['timing', 'micro', 'correctness', 'scaling'] },
    strategies: [
      ...strategies,
      {
        name: 'absent',
        summary: 'Not here.',
        claims: { scope: 'fleet', singleUse: true, survives: 'restart' },
        skipped: 'no such library',
      },
    ],
    controls: {
      ...run.controls,
      noop: {
        ...run.controls.noop,
        ...(scaled.controls.noop.scaling && { scaling: scaled.controls.noop.scaling }),
      },
    },
    isolation: [
      {
        topology: 'threads',
        workers: 4,
        crashes: [{ how: 'throw', others: 3, unharmed: 3 }],
        coresUsed: 1.93,
        connections: { open: 8, shared: 0 },
      },
    ],
  }
}

/** As many strategies as a run of all has, each with everything that is drawn. */
export function manyResults(count: number): Results {
  const full = fullResults()
  const measured = full.strategies.filter(({ skipped }) => skipped === undefined)
  const others = Array.from({ length: count - 1 }, (_, index) => {
    const source = measured[1 + (index % (measured.length - 1))]
    return source === undefined ? [] : [{ ...source, name: `${source.name}-${index}` }]
  })
  return {
    ...full,
    strategies: [...measured.slice(0, 1), ...others.flat()],
    recommendations: [],
    rungSteps: [],
  }
}

export function withStrategies(
  results: Results,
  change: (strategy: StrategyResult) => StrategyResult,
): Results {
  return { ...results, strategies: results.strategies.map(change) }
}

/** A third party names its own strategy. */
export const hostileNames: readonly string[] = [
  '<img src=x onerror=alert(1)>',
  '</script><script>alert(1)</script>',
  "\"><b onclick='x'>",
  '<!-- --><![CDATA[',
  'two\u2028lines\u2029and \u202e a turn',
  '&amp; `code` **bold** | bar',
]

/** Each measured strategy under a name that means harm, wherever it is named. */
export function hostileResults(): Results {
  const full = fullResults()
  const renamed = new Map(
    full.strategies.map(({ name }, index) => [
      name,
      hostileNames[index % hostileNames.length] + String(index),
    ]),
  )
  const names = new Set(renamed.keys())
  return JSON.parse(JSON.stringify(full), (key, value) =>
    typeof value === 'string' && names.has(value) && key !== 'how' ? renamed.get(value) : value,
  )
}

const asked: readonly string[] = [
  'all:take.p99Us>5000',
  '*:write.ratio>1.2',
  'all:take.throughput<1000',
  'all:take.throughput.ratio.change<0.9',
  'all:verificationFailures.crossWorker.rate>0',
  'all:correctness.single-use.violations>0',
  'absent:take.store.p50Us<=1',
]

/** A run that was held against gates and an earlier run. */
export function gatedResults(run: Results = fullResults()): Results {
  const results = { ...run, earlier: compareRuns(run, parseEarlier(JSON.stringify(run))) }
  return { ...results, gates: judgeGates(asked.map(parseGate), results) }
}

/** What a page's script is given. */
export function dataOf(html: string) {
  const [, json = ''] = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(html) ?? []
  return JSON.parse(json) as {
    readonly names: readonly string[]
    readonly baseline: number
    readonly baselines: readonly number[]
    readonly texts: readonly (readonly string[])[]
  }
}
