import type { CorrectnessResult, FailuresResult, Results, StrategyResult } from '../results.js'
import { outcomes as kinds } from '../slices.js'
import { isJudged } from './answer.js'
import { crew, percent } from './format.js'
import { label, table } from './table.js'

export function failureRates({ strategies, run }: Results): string {
  const rows = strategies.filter(isJudged).map((strategy) => {
    const { verificationFailures, observedScope } = strategy.correctness
    const { overall, sameWorker, crossWorker } = verificationFailures
    return [
      label(strategy),
      strategy.claims.scope,
      observedScope,
      failureCell(crossWorker),
      failureCell(sameWorker),
      failureCell(overall),
    ]
  })
  return [
    '## Verification failures',
    '',
    `A correct answer, sent once, to whichever of ${crew(run)} the connection reached. Percent of such takes that were refused, with the 95 % Wilson interval and their number; where none was, the upper bound (rule of three).`,
    '',
    table(['strategy', 'claims', 'observed', 'cross-worker', 'same worker', 'overall'], rows),
  ].join('\n')
}

function failureCell({ attempts, failures, rate, low, high }: FailuresResult): string {
  if (attempts === 0) return 'not tried'
  const bound = failures === 0 ? `≤ ${percent(high)}` : `${percent(low)} – ${percent(high)}`
  return `${percent(rate)} (${bound}; n = ${attempts.toLocaleString('en')})`
}

export function outcomes({ strategies }: Results): string {
  const rows = strategies.flatMap((strategy) => {
    const counts = strategy.outcomes
    return counts === undefined
      ? []
      : [[label(strategy), ...kinds.map((kind) => (counts[kind] ?? 0).toLocaleString('en'))]]
  })
  return [
    'Answers to the requests of all slices; `error` and `timeout` had none:',
    '',
    table(['strategy', ...kinds], rows),
  ].join('\n')
}

/** The one that refuses most across workers while it refuses none on the same one is the clearest picture. */
function mostTelling({
  strategies,
}: Results): (StrategyResult & { correctness: CorrectnessResult }) | undefined {
  const losing = strategies.filter(isJudged).filter(({ correctness }) => correctness.witness !== undefined)
  const score = ({ correctness }: { correctness: CorrectnessResult }) =>
    correctness.verificationFailures.crossWorker.rate - correctness.verificationFailures.sameWorker.rate
  return losing.toSorted((a, b) => score(b) - score(a))[0]
}

export function matrix(results: Results): string {
  const chosen = mostTelling(results)
  if (chosen === undefined) return ''
  const workers = chosen.correctness.matrix.map((_, worker) => `verified by ${worker}`)
  const rows = chosen.correctness.matrix.map((row, issuer) => [
    `issued by ${issuer}`,
    ...row.map(({ attempts, failures }) => (attempts === 0 ? '–' : `${failures}/${attempts}`)),
  ])
  return [
    `## Issuer × verifier: ${chosen.name}`,
    '',
    'Refused of tried.',
    '',
    table([chosen.name, ...workers], rows),
  ].join('\n')
}

export function story(results: Results): string {
  const chosen = mostTelling(results)
  const witness = chosen?.correctness.witness
  if (chosen === undefined || witness === undefined) return ''
  return [
    `One captcha of this run, under ${chosen.name}:`,
    '',
    `- **Time 0:** worker ${witness.issuer} issued captcha \`${witness.id}…\`.`,
    `- **Time 1** (${witness.afterMs.toFixed(0)} ms later)**:** worker ${witness.verifier} was given the right answer and said *${witness.outcome}*.`,
  ].join('\n')
}
