import { checkNames } from '../checkers/check.js'
import type { Mutant, Subject } from '../checkers/mutants/index.js'
import { percent } from '../report/format.js'
import { table } from '../report/table.js'
import { wilson } from '../statistics.js'
import type { Examination } from './examine.js'

/** Who was meant to be convicted, who was, and of what; pure. */

/** The check that had to convict it did. */
export function isKilled({ caughtBy }: Mutant, { checks }: Examination): boolean {
  return checks.some(({ name, verdict }) => name === caughtBy && verdict === 'invalid')
}

export function isFlagged({ checks }: Examination): boolean {
  return checks.some(({ verdict }) => verdict === 'invalid')
}

export interface Looked {
  readonly mutants: readonly Mutant[]
  readonly sound: readonly Subject[]
  readonly examinations: readonly Examination[]
}

/** The kill matrix as Markdown: for each broken store the checks that convicted it, its own in bold. */
export function matrixReport({ mutants, sound, examinations }: Looked): string {
  const of = (name: string) => examinations.filter(({ subject }) => subject === name)
  const rows = mutants.map((mutant) => [mutant.name, ...cells(mutant, of(mutant.name))])
  const soundRows = sound.map(({ name }) => [name, ...soundCells(of(name))])
  return [
    '# The oracle, held against stores whose faults are known',
    '',
    'Small stores with one mistake each; every one claims what its author believed. In bold the check that has to convict it. A cell is the number of runs in which the check said *invalid*; empty is none.',
    '',
    table(['broken store', 'killed', 'at most', ...checkNames, 'what goes wrong'], rows, 'text'),
    '',
    'Stores that are sound and make it hard to see; none may be convicted of anything. With no conviction in n runs the rate is below 3/n (95 %).',
    '',
    table(['sound store', 'runs', 'convicted', '95 % bound', 'of'], soundRows, 'text'),
    '',
    'Made by `npm run oracle`.',
    '',
  ].join('\n')
}

function cells(mutant: Mutant, runs: readonly Examination[]): readonly string[] {
  const killed = runs.filter((run) => isKilled(mutant, run)).length
  const slowest = Math.max(0, ...runs.map(({ seconds }) => seconds))
  const counts = checkNames.map((name) => {
    const found = runs.filter(({ checks }) =>
      checks.some((check) => check.name === name && check.verdict === 'invalid'),
    ).length
    if (name === mutant.caughtBy) return `**${found}**`
    return found === 0 ? '' : String(found)
  })
  return [`${killed} of ${runs.length}`, `${slowest.toFixed(1)} s`, ...counts, mutant.why]
}

function soundCells(runs: readonly Examination[]): readonly string[] {
  const flagged = runs.filter(isFlagged)
  const names = flagged.flatMap(({ checks }) =>
    checks.flatMap(({ name, verdict }) => (verdict === 'invalid' ? [name] : [])),
  )
  const bound = percent(wilson(flagged.length, runs.length).high)
  return [String(runs.length), String(flagged.length), bound, [...new Set(names)].join(', ')]
}
