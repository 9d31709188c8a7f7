import type { Results } from '../results.js'
import { operations } from '../slices.js'
import { answer } from './answer.js'
import { findings, limits, machine } from './context.js'
import { failureRates, matrix, outcomes, story } from './failures.js'
import { controls, latencies, microTable } from './latencies.js'

/** report.md: the verdict first, then what it rests on. Pure: the same results give the same bytes. */
export function markdown(results: Results): string {
  const isTimed = results.run.studies.includes('timing')
  const sections = [
    heading(results),
    ...(isTimed ? timed(results) : []),
    microTable(results),
    findings(results),
    limits(results),
    machine(results),
  ]
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`
}

function timed(results: Results): readonly string[] {
  return [
    failureRates(results),
    outcomes(results),
    matrix(results),
    story(results),
    ...operations.map((operation) => latencies(results, operation)),
    controls(results),
  ]
}

function heading(results: Results): string {
  const lines = answer(results).map((line) => `- ${line}`)
  return [`# crossworker: ${results.run.id}`, '', ...lines].join('\n')
}
