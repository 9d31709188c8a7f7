import { readFileSync } from 'node:fs'
import { parseResults } from '../bench/judge.js'
import type { FailuresResult, Results } from '../bench/results.js'

/** Holds the results of a run against what every machine must find: node dist/scripts/check-results.js results/latest.json */
type Which = 'crossWorker' | 'sameWorker' | 'overall'
type Expectation = readonly [
  name: string,
  which: Which,
  holds: (found: FailuresResult) => boolean,
  expected: string,
]

const keeping = ['file', 'hybrid', 'sqlite'].map(
  (name): Expectation => [name, 'overall', ({ failures }) => failures === 0, 'no take refused'],
)
const exhibits = ['file-naive', 'hybrid-naive'].map(
  (name): Expectation => [name, 'overall', ({ rate }) => rate > 0.2, 'takes visibly refused'],
)
const expectations: readonly Expectation[] = [
  ['memory', 'crossWorker', ({ rate }) => rate >= 0.99, 'about every cross-worker take refused'],
  ['memory', 'sameWorker', ({ failures }) => failures === 0, 'no same-worker take refused'],
  ...keeping,
  ...exhibits,
]

function failuresOf({ strategies }: Results, name: string, which: Which): FailuresResult {
  const found = strategies.find((strategy) => strategy.name === name)?.correctness?.verificationFailures[
    which
  ]
  if (found === undefined || found.attempts === 0)
    throw new Error(`expected takes under ${name} (${which}), found none`)
  return found
}

function check(results: Results): void {
  for (const [name, which, holds, expected] of expectations) {
    const found = failuresOf(results, name, which)
    const line = `${name}, ${which}: ${found.failures} of ${found.attempts} takes refused`
    if (!holds(found)) throw new Error(`expected ${expected}, got ${line}`)
    process.stdout.write(`ok: ${line}\n`)
  }
}

const [path = 'results/latest.json'] = process.argv.slice(2)
try {
  check(parseResults(readFileSync(path, 'utf8')))
} catch (error) {
  process.stderr.write(`${path}: ${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
}
