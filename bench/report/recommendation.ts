import { durabilities, type Recommendation, type Results, type RungStep, rungs } from '../results.js'
import { ratioText } from './format.js'
import { table } from './table.js'

/** Lines of Markdown: what to use for which rung and durability, and what the next rung costs. Pure. */
export function recommendation(results: Results): readonly string[] {
  const { recommendations } = results
  if (recommendations.length === 0) return ['### Recommendation', '', `None: ${whyNone(results)}.`]
  return [
    '### Recommendation',
    '',
    'The cheapest strategy that claims at least so much, single use included, and was seen to keep all its promises, and to be correct on that very rung.',
    '',
    choices(recommendations),
    '',
    ...evidence(results),
    ...nextRungs(results),
  ]
}

/** @returns why there is no recommendation, as the rest of a sentence */
export function whyNone({ run, strategies }: Results): string {
  const missing = (['timing', 'correctness'] as const).filter((study) => !run.studies.includes(study))
  if (missing.length > 0)
    return `the ${missing.join(' and the ')} study was not run, and cost and correctness are both needed`
  const rows = strategies.flatMap(({ timing = [] }) => timing).filter(({ slices }) => slices > 0)
  if (rows.length === 0) return 'the timing study had no time to measure anything'
  if (rows.every(({ cpuUsPerOp }) => cpuUsPerOp === null))
    return 'CPU time could not be measured, and it is what cost is told by'
  return 'no strategy was seen to keep all its promises and was measured beside the baseline'
}

export const events: Readonly<Record<Recommendation['survives'], string>> = {
  nothing: 'nothing',
  'worker-crash': "a worker's crash",
  restart: 'a restart',
  'power-loss': 'loss of power',
}

/** A row a rung, a column a durability: who claims more serves less, so that a name may stand in many cells. */
function choices(recommendations: readonly Recommendation[]): string {
  const rows = rungs.map((scope) => [
    scope,
    ...durabilities.map((survives) => {
      const found = recommendations.find((entry) => entry.scope === scope && entry.survives === survives)
      return found === undefined ? '–' : named(found)
    }),
  ])
  return table(
    ['correct within', ...durabilities.map((survives) => `surviving ${events[survives]}`)],
    rows,
    'text',
  )
}

function named({ strategy, ties }: Recommendation): string {
  return ties.length === 0 ? `**${strategy}**` : `**${strategy}** (or ${ties.join(', ')})`
}

/** Each name once, with what it costs beside the baseline. */
function evidence({ recommendations, run, controls }: Results): readonly string[] {
  const firsts = recommendations.filter(
    ({ strategy }, index) => recommendations.findIndex((entry) => entry.strategy === strategy) === index,
  )
  const cell = (entry: Recommendation, operation: string, metric: string) => {
    const ratio = entry.ratios.find((one) => one.operation === operation && one.metric === metric)
    return ratio === undefined ? '' : told(ratio)
  }
  const rows = firsts.map((entry) => [
    entry.strategy,
    told(entry.cost),
    ...(['cpuUsPerOp', 'throughput'] as const).flatMap((metric) =>
      (['write', 'take'] as const).map((operation) => cell(entry, operation, metric)),
    ),
    entry.unexercised.join(', ') || '–',
  ])
  const heads = ['CPU', 'CPU of a write', 'CPU of a take', 'writes per second', 'takes per second']
  return [
    table(['recommended', ...heads.map((head) => `${head} ÷ ${run.baseline}`), 'laws not exercised'], rows),
    '',
    '- Chosen by CPU time: the geometric mean of its ratios for one write, one read and one take, since how often a captcha is read is yours to know. Its interval takes the three for erring together.',
    '- *or*: as cheap, within what this run can tell. –: none of this run was seen to keep such a promise.',
    '- Laws are what every store owes; one that was not exercised may have nothing here that could break it.',
    ...(controls.contaminated
      ? ['- **The run counts as contaminated (see Controls): measure again first.**']
      : []),
  ]
}

/** The baseline is its own measure. */
function told(ratio: { readonly value: number; readonly low: number; readonly high: number }): string {
  return ratio.low === 1 && ratio.high === 1 ? '1' : ratioText(ratio)
}

function nextRungs({ rungSteps }: Results): readonly string[] {
  if (rungSteps.length === 0) return []
  return [
    '',
    '### What the next rung costs',
    '',
    ...stepSentences(rungSteps).map((step) => `- ${step}`),
    '',
    'Each a quotient of two ratios to the baseline, whose intervals are added as logs: no narrower than the truth, and mostly wider.',
  ]
}

export function stepSentences(rungSteps: readonly RungStep[]): readonly string[] {
  return grouped(rungSteps).map(sentence)
}

/** The same step at several durabilities is told once. */
function grouped(steps: readonly RungStep[]): readonly (readonly RungStep[])[] {
  const groups = new Map<string, RungStep[]>()
  for (const step of steps) {
    const key = JSON.stringify([step.from, step.to])
    groups.set(key, [...(groups.get(key) ?? []), step])
  }
  return [...groups.values()]
}

function sentence(steps: readonly RungStep[]): string {
  const [step] = steps
  if (step === undefined) return ''
  const { from, to } = step
  const outlived = either(steps.map(({ survives }) => events[survives]))
  const where = `From ${from.scope} to ${to.scope}, surviving ${outlived}`
  if (from.strategy === to.strategy) return `${where}: nothing more, for **${to.strategy}** serves both.`
  return `${where}: **${to.strategy}** in place of **${from.strategy}**, ${costs(step)}.`
}

/** @returns such as "a, b or c" */
function either(words: readonly string[]): string {
  return [words.slice(0, -1).join(', '), ...words.slice(-1)].filter((part) => part !== '').join(' or ')
}

/** Throughput; where an open loop gives it, CPU time. */
function costs({ ratios }: RungStep): string {
  const rates = ratios.filter(({ metric }) => metric === 'throughput')
  const isRate = rates.length > 0
  return (isRate ? rates : ratios)
    .map(
      ({ operation, ...ratio }) =>
        `${ratioText(ratio)} times the ${isRate ? `${operation}s per second` : `CPU time of a ${operation}`}`,
    )
    .join(' and ')
}

/** For the screen: a line a rung, the cheapest first and what it survives; empty when there is none. Pure. */
export function recommendationLines({ recommendations }: Results): readonly string[] {
  const lines = rungs.flatMap((scope) => {
    const row = recommendations.filter((entry) => entry.scope === scope)
    if (row.length === 0) return []
    // Who survives more serves for less: each is told with the most it is the cheapest for.
    const names = [...new Set(row.map(({ strategy }) => strategy))].map((name) => {
      const most = row.findLast(({ strategy }) => strategy === name)?.survives ?? 'nothing'
      return `${name} (${most})`
    })
    return [`  ${scope.padEnd(8)} ${names.join(', ')}`]
  })
  return lines.length === 0 ? [] : ['• Cheapest that kept its promises, and what it survives:', ...lines]
}
