import { brokenClaims, type CorrectnessResult, type Results, type StrategyResult } from '../results.js'
import { comparisonSentences } from './comparison.js'
import { crew, percent } from './format.js'

type Judged = StrategyResult & { readonly correctness: CorrectnessResult }

export function isJudged(strategy: StrategyResult): strategy is Judged {
  return strategy.correctness !== undefined
}

/** The verdict of a run in sentences, most important first. Pure. */
export function answer(results: Results): readonly string[] {
  const { strategies, run } = results
  const judged = strategies.filter(isJudged).filter(({ correctness }) => attempts(correctness) > 0)
  const losing = judged.filter(({ correctness }) => correctness.verificationFailures.overall.failures > 0)
  const keeping = judged.filter((strategy) => !losing.includes(strategy))
  const broken = brokenClaims(strategies)
  return [
    ...(run.partial
      ? ['**Partial.** The run was ended early; what follows is what it had measured by then.']
      : []),
    ...comparisonSentences(results),
    ...losing.map((strategy) => loss(strategy, crew(run))),
    ...(keeping.length > 0 ? [kept(keeping)] : []),
    ...broken.map(breach),
    ...strategies.flatMap(({ name, skipped }) =>
      skipped === undefined ? [] : [`${name}: skipped: ${skipped}`],
    ),
    ...strategies.flatMap(({ name, failed }) =>
      failed === undefined ? [] : [`${name}: could not be measured to the end: ${failed}`],
    ),
  ]
}

function breach({ name, correctness }: StrategyResult): string {
  const check = correctness?.checks.find(({ verdict }) => verdict === 'invalid')
  const how = check === undefined ? '' : ` (${check.name}: ${check.evidence[0] ?? ''})`
  return `**${name} broke a claim of its own**${how}.`
}

function attempts({ verificationFailures }: CorrectnessResult): number {
  return verificationFailures.overall.attempts
}

function loss({ name, correctness, exhibit }: Judged, workers: string): string {
  const { crossWorker, sameWorker, overall } = correctness.verificationFailures
  const where = `${percent(crossWorker.rate)} of those verified by another worker, ${percent(sameWorker.rate)} by the same`
  const kind = exhibit === undefined ? '' : ' (an exhibit: wrong on purpose)'
  return `**${name}**${kind} refused ${percent(overall.rate)} of correct answers at ${workers}: ${where}.`
}

function kept(keeping: readonly Judged[]): string {
  const names = keeping.map(({ name }) => `**${name}**`).join(', ')
  const worst = Math.max(...keeping.map(({ correctness }) => correctness.verificationFailures.overall.high))
  const fewest = Math.min(...keeping.map(({ correctness }) => attempts(correctness)))
  return `${names} refused none, in at least ${fewest.toLocaleString('en')} hand-offs each (95 % bound: under ${percent(worst)}).`
}
