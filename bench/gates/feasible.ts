import type { Plan } from '../plan.js'
import { everyone, type Gate } from './parse.js'
import { places } from './paths.js'

type Asked = Pick<Plan, 'entrants' | 'experiments' | 'correctness' | 'gates'>

/** Pure: why a gate of the plan could never be judged, in one line that says what there is; `undefined` when all could. */
export function whyInfeasible({ entrants, experiments, correctness, gates = [] }: Asked): string | undefined {
  const names = entrants.map(({ name }) => name)
  const planned = { timing: experiments.length > 0, correctness: correctness !== undefined }
  for (const { text, strategy, path } of gates) {
    if (strategy !== everyone && !names.includes(strategy))
      return `--fail-on ${quoted(text)}: expected a strategy of this run, ${names.join(', ')}, or all, got ${quoted(strategy)}`
    const studies = places.get(path)?.studies ?? []
    if (!studies.some((study) => planned[study]))
      return `--fail-on ${quoted(text)}: expected the ${studies.join(' or the ')} study, which measures it and is no part of this run; name it with --only`
  }
  return undefined
}

/** Whether a gate asks how this run compares with the one that --baseline names. */
export function asksForChange({ path }: Gate): boolean {
  return places.get(path)?.isChange === true
}

function quoted(text: string): string {
  return JSON.stringify(text)
}
