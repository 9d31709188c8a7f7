import type { Results } from '../../results.js'
import { measuresOf } from './measures.js'
import { exportName } from './name.js'

interface Metric {
  readonly value: number
  readonly lower_value?: number
  readonly upper_value?: number
}

/**
 * Bencher Metric Format: benchmark → measure → value with bounds. `latency` (ns) and `throughput` (operations per second) are
 * Bencher's own measures; the others come to be when they are first sent.
 */
export function bencher(results: Results): string {
  const benchmarks = new Map<string, Record<string, Metric>>()
  for (const { strategy, operation, name, value, interval } of measuresOf(results)) {
    const key = `${exportName(strategy)}/${operation}`
    const bounds = interval && { lower_value: interval.low, upper_value: interval.high }
    benchmarks.set(key, { ...benchmarks.get(key), [name]: { value, ...bounds } })
  }
  if (benchmarks.size === 0) return ''
  return `${JSON.stringify(Object.fromEntries(benchmarks), null, 1)}\n`
}
