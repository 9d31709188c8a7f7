import { isModulePath } from '../../src/load-strategy.js'
import { UsageError } from '../options.js'
import type { ComparisonPlan, PairPlan } from '../plan.js'
import type { Entrant } from '../roster.js'
import type { Base } from './base.js'
import type { ComparisonOptions } from './options.js'

/** The arm of a strategy's base is told apart by this. */
const ending = '@base'

/**
 * Which strategies have two versions.
 * @throws UsageError when none has, or when both would be the same code
 */
export function pairUp(
  entrants: readonly Entrant[],
  base: Base,
  { base: ref, maxSlowdown }: Pick<ComparisonOptions, 'base' | 'maxSlowdown'>,
): ComparisonPlan {
  const running = entrants.filter(({ skipped }) => skipped === undefined)
  const same = running.find(({ module }) => !base.isOwn && !isModulePath(module))
  if (same !== undefined)
    throw new UsageError(
      `--strategies: expected paths to modules of this repository, such as ./my-store.mjs, got ${same.name}, which is not in it`,
    )
  const pairs = running.flatMap(({ name, module }): PairPlan[] => {
    const baseModule = base.moduleOf(module)
    return baseModule === undefined ? [] : [{ head: name, base: `${name}${ending}`, baseModule }]
  })
  if (pairs.length === 0)
    throw new UsageError(
      `--strategies: expected at least one that base ${ref} has as well, got ${running.map(({ name }) => name).join(', ')}`,
    )
  const paired = new Set(pairs.map(({ head }) => head))
  return {
    base: { ref, commit: base.commit },
    head: base.head,
    pairs,
    added: running.map(({ name }) => name).filter((name) => !paired.has(name)),
    ...(maxSlowdown !== undefined && { maxSlowdown }),
  }
}
