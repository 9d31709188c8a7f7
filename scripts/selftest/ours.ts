import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseResults } from '../../bench/judge.js'
import { packageRoot } from '../../bench/paths.js'
import type { Metric, Results } from '../../bench/results.js'
import { timingRow } from '../../bench/results.js'
import { arms, type Call, seconds, type Trial, workers } from './trial.js'

type Source = 'client' | 'store'

/** What a run is asked for: the write, as the usual way measures it too. */
const questions: readonly { readonly source: Source; readonly metric: Metric }[] = [
  { source: 'client', metric: 'throughput' },
  { source: 'client', metric: 'cpuUsPerOp' },
  { source: 'store', metric: 'p50Us' },
]

const control = (name: string) => join(packageRoot, `dist/bench/controls/${name}.js`)

/** One interleaved run of this harness. */
export async function runOurs(run: number): Promise<Trial[]> {
  const out = await mkdtemp(join(tmpdir(), 'crossworker-selftest-'))
  try {
    const strategies = ['busy', 'busy-5', 'busy-10', 'busy-25'].map(control)
    const child = spawn(
      process.execPath,
      [
        join(packageRoot, 'dist/bench/main.js'),
        ...['--strategies', strategies.join(','), '--reference', control('busy'), '--only', 'timing'],
        ...['--workers', String(workers), '--budget', `${seconds.perRun}s`, '--seed', String(1_000 + run)],
        ...['--out', out, '--quiet'],
      ],
      { stdio: ['ignore', 'ignore', 'inherit'] },
    )
    const [code] = await once(child, 'exit')
    const text = await readFile(join(out, 'latest.json'), 'utf8').catch(() => '')
    if (text === '') throw new Error(`expected the run to leave results, it ended with ${code}`)
    return trialsOf(run, parseResults(text))
  } finally {
    await rm(out, { recursive: true, force: true })
  }
}

function trialsOf(run: number, results: Results): Trial[] {
  return arms.flatMap(({ name, slowdown }) =>
    questions.flatMap(({ source, metric }) => {
      const found = ratioOf(results, name, source, metric)
      if (found === undefined) return []
      const { value, low, high } = found
      const method = `ours: ${source === 'store' ? 'store ' : ''}${metric}`
      return [{ run, method, slowdown, call: callOf(found, metric), ratio: value, low, high }]
    }),
  )
}

interface Found {
  readonly value: number
  readonly low: number
  readonly high: number
  readonly verdict?: string
}

/** The twin has no verdict in a report, being no strategy: its interval decides. */
function ratioOf(
  { strategies, controls }: Results,
  name: string,
  source: Source,
  metric: Metric,
): Found | undefined {
  if (name === 'twin') {
    return controls.twin.ratios.find(
      (ratio) => ratio.operation === 'write' && ratio.source === source && ratio.metric === metric,
    )
  }
  const timing = strategies.find((strategy) => strategy.name === name)?.timing
  return timingRow(timing, 'write', source)?.ratios.find((ratio) => ratio.metric === metric)
}

function callOf({ low, high, verdict }: Found, metric: Metric): Call {
  if (verdict === 'slower' || verdict === 'faster') return verdict
  if (verdict !== undefined || (low <= 1 && high >= 1)) return 'none'
  return low > 1 === (metric === 'throughput') ? 'faster' : 'slower'
}
