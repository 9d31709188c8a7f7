import type { Results } from '../results.js'
import { operations, type SliceRecord, sweeps } from '../slices.js'
import { latencyChart, scalingChart } from './charts/files.js'
import { actionBenchmark } from './exports/action.js'
import { bencher } from './exports/bencher.js'
import { samples } from './exports/csv.js'
import { goBenchmark } from './exports/go.js'
import { page } from './html.js'
import { markdown } from './markdown.js'
import { summary } from './summary.js'

/** @param slices the run's samples, as they were recorded; a folder without raw records has none */
export type Format = (results: Results, slices?: readonly SliceRecord[]) => string

/** One line a format: file name → pure function from Results to text; no text, no file. */
export const formats: Readonly<Record<string, Format>> = {
  'report.md': markdown,
  'report.html': page,
  'summary.md': summary,
  ...Object.fromEntries(operations.map((name) => [`charts/latency-${name}.svg`, latencyChart(name)])),
  ...Object.fromEntries(sweeps.map((name) => [`charts/scaling-${name}.svg`, scalingChart(name)])),
  'exports/bigger-is-better.json': actionBenchmark('bigger'),
  'exports/smaller-is-better.json': actionBenchmark('smaller'),
  'exports/bencher.json': bencher,
  'exports/go-benchmark.txt': goBenchmark,
  'exports/samples.csv': samples,
}
