import type { Results } from '../../results.js'
import { type Measure, measuresOf } from './measures.js'
import { exportName } from './name.js'

/**
 * For github-action-benchmark, whose custom tools take a list of `{name, unit, value, range, extra}` and one direction a file:
 * `customBiggerIsBetter` and `customSmallerIsBetter`. An empty list is an error there, so nothing is written then.
 */
export function actionBenchmark(better: Measure['better']): (results: Results) => string {
  return (results) => {
    const entries = measuresOf(results)
      .filter((measure) => measure.better === better)
      .map(entryOf)
    return entries.length === 0 ? '' : `${JSON.stringify(entries, null, 1)}\n`
  }
}

function entryOf({ strategy, operation, name, unit, value, interval, basis }: Measure) {
  return {
    name: `${exportName(strategy)}/${operation}/${name}`,
    // Units hold the baseline's name, and this tool puts them into a table of Markdown.
    unit: unit.startsWith('÷ ') ? `÷ ${exportName(unit.slice(2))}` : unit,
    value,
    ...(interval && { range: `[${told(interval.low)}, ${told(interval.high)}]` }),
    extra: `${interval ? '95 % interval; ' : ''}${basis}`,
  }
}

function told(value: number): string {
  return String(Number(value.toPrecision(4)))
}
