import type { Results } from '../results.js'
import { operations } from '../slices.js'
import { answer } from './answer.js'
import { comparison } from './comparison.js'
import { findings, limits, machine } from './context.js'
import { correctness } from './correctness.js'
import { earlierSection } from './earlier.js'
import { failureRates, matrix, outcomes, story } from './failures.js'
import { gateTable } from './gates.js'
import { ladder } from './ladder.js'
import { controls, latencies, microTable } from './latencies.js'
import { openLoop } from './open-loop.js'
import { scaling } from './scaling.js'

/** report.md: the verdict first, then what it rests on. Pure: the same results give the same bytes. */
export function markdown(raw: Results): string {
  const results = defused(raw)
  const isTimed = results.run.studies.includes('timing')
  const sections = [
    heading(results),
    comparison(results),
    gateTable(results),
    ladder(results),
    correctness(results),
    ...(isTimed ? timed(results) : []),
    earlierSection(results),
    microTable(results),
    scaling(results),
    findings(results),
    limits(results),
    machine(results, raw.run.command),
  ]
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`
}

const entities: Readonly<Record<string, string>> = {
  '<': '&lt;',
  '|': '&#124;',
  '\\': '&#92;',
  '\n': ' ',
  '\r': ' ',
}

/** A third party names its own strategy and words its own errors: none of it may end a table or a line, or become markup. */
export function defused(results: Results): Results {
  const defuse = (text: string) => text.replaceAll(/[<|\\\n\r]/g, (character) => entities[character] ?? ' ')
  return JSON.parse(JSON.stringify(results), (_key, value) =>
    typeof value === 'string' ? defuse(value) : value,
  )
}

function timed(results: Results): readonly string[] {
  return [
    failureRates(results),
    outcomes(results),
    matrix(results),
    story(results),
    openLoop(results),
    ...operations.map((operation) => latencies(results, operation)),
    controls(results),
  ]
}

/** The run's name and its verdict in sentences. */
export function heading(results: Results): string {
  const lines = answer(results).map((line) => `- ${line}`)
  return [`# crossworker: ${results.run.id}`, '', ...lines].join('\n')
}
