import type { Results } from '../results.js'
import { operations, sweeps } from '../slices.js'
import { latencyChart, scalingChart } from './charts/files.js'
import { page } from './html.js'
import { markdown } from './markdown.js'
import { summary } from './summary.js'

/** One line a format: file name → pure function from Results to text; no text, no file. */
export const formats: Readonly<Record<string, (results: Results) => string>> = {
  'report.md': markdown,
  'report.html': page,
  'summary.md': summary,
  ...Object.fromEntries(operations.map((name) => [`charts/latency-${name}.svg`, latencyChart(name)])),
  ...Object.fromEntries(sweeps.map((name) => [`charts/scaling-${name}.svg`, scalingChart(name)])),
}
