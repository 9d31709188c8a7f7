import type { EarlierRun } from '../earlier.js'
import type { Plan } from '../plan.js'
import { everyone, type Gate } from './parse.js'
import { type Place, places } from './paths.js'

type Asked = Pick<Plan, 'entrants' | 'experiments' | 'correctness' | 'openLoop' | 'baseline' | 'gates'>
type Earlier = Pick<EarlierRun, 'run' | 'strategies'>

/**
 * Pure: why a gate of the plan could never be judged, in one line that says what there is; `undefined` when all could.
 * @param earlier what --baseline names, without which nothing asks for a change
 */
export function whyInfeasible(plan: Asked, earlier?: Earlier): string | undefined {
  for (const gate of plan.gates ?? []) {
    const place = places.get(gate.path)
    const reason = place && (whyUnplanned(gate, place, plan) ?? whyUncompared(gate, place, plan, earlier))
    if (reason !== undefined) return `--fail-on ${JSON.stringify(gate.text)}: ${reason}`
  }
  return undefined
}

function whyUnplanned({ strategy }: Gate, { studies, needsClosedLoop }: Place, plan: Asked) {
  const names = plan.entrants.map(({ name }) => name)
  const planned = { timing: plan.experiments.length > 0, correctness: plan.correctness !== undefined }
  if (strategy !== everyone && !names.includes(strategy))
    return `expected a strategy of this run, ${names.join(', ')}, or all, got ${JSON.stringify(strategy)}`
  if (!studies.some((study) => planned[study]))
    return `expected the ${studies.join(' or the ')} study, which measures it and is no part of this run; name it with --only`
  if (needsClosedLoop && plan.openLoop !== undefined)
    return 'expected a closed loop, got --rate, which gives the throughput: it compares with nothing'
  return undefined
}

function whyUncompared(
  { strategy }: Gate,
  { isChange, needsSameBaseline }: Place,
  { baseline }: Asked,
  earlier: Earlier | undefined,
) {
  if (isChange === undefined || earlier === undefined) return undefined
  const known = earlier.strategies
    .filter(({ timing = [] }) => timing.some(({ slices }) => slices > 0))
    .map(({ name }) => name)
  if (strategy !== everyone && !known.includes(strategy))
    return `expected a strategy that the earlier run measured, ${known.join(', ')}, got ${JSON.stringify(strategy)}`
  if (needsSameBaseline && earlier.run.baseline !== baseline)
    return `expected an earlier run whose ratios are to ${baseline} as well, got one of ratios to ${earlier.run.baseline}; --reference ${earlier.run.baseline} makes them alike`
  return undefined
}

/** Whether a gate asks how this run compares with the one that --baseline names. */
export function asksForChange({ path }: Gate): boolean {
  return places.get(path)?.isChange === true
}
