import { isModulePath } from '../../src/load-strategy.js'
import { strategyNames } from '../../src/strategies/index.js'
import { UsageError } from '../options.js'
import { noopName, twinName } from '../plan.js'

/** Of the controls, of the command line, and of the files that are no strategy. */
const reserved: readonly string[] = [noopName, twinName, 'all', 'index']

/**
 * A name for a new strategy: of a file, of a row in the report, and, in camel case, of a constant.
 * @throws UsageError when it cannot be one, or is another's
 */
export function newName(given: string | undefined): string {
  if (given === undefined)
    throw new UsageError('expected a name for the strategy, such as my-store, got nothing')
  const refuse = (expected: string) => new UsageError(`expected ${expected}, got ${JSON.stringify(given)}`)
  if (isModulePath(given)) throw refuse('a name without a path or an ending, such as my-store')
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(given) || given.length > 40)
    throw refuse(
      'a name of a-z, 0-9 and single -, which begins with a letter and has at most 40, such as my-store',
    )
  if (strategyNames.includes(given)) throw refuse('a name that no strategy has yet')
  if (reserved.includes(given))
    throw refuse(`a name other than ${reserved.join(', ')}, which have a meaning here`)
  return given
}
