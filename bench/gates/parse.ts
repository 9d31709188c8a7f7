import { type GateResult, operators } from '../results.js'
import { pathsTold, places } from './paths.js'

/**
 * A condition under which a run fails, as plain data.
 *
 *     gate     = strategy ":" path operator limit
 *     strategy = a name | "all" | "*"
 *     path     = a figure of a strategy, see `places`
 *     operator = ">" | ">=" | "<" | "<="
 *     limit    = a decimal number, in the unit of its path
 *
 * Blanks between the parts are allowed.
 */
export interface Gate {
  readonly text: string
  /** `all`: every strategy of the run but exhibits, which are wrong on purpose. */
  readonly strategy: string
  readonly path: string
  readonly operator: GateResult['operator']
  readonly limit: number
}

export const everyone = 'all'

const example = "such as 'sqlite:take.p99Us>5000'"

/** @throws Error in one line that says what was expected, what came and what there is */
export function parseGate(text: string): Gate {
  const got = `got ${JSON.stringify(text)}`
  const [, left = '', sign, right = ''] = /^([^<>]*)([<>]=?)(.*)$/s.exec(text) ?? []
  const operator = operators.find((known) => known === sign)
  if (operator === undefined)
    throw new Error(
      `Expected strategy:path, one of ${operators.join(' ')}, and a number, ${example}, ${got}.`,
    )
  const [, strategy = '', path = ''] = /^(.*):(.*)$/s.exec(left) ?? []
  if (strategy.trim() === '' || path.trim() === '')
    throw new Error(`Expected a strategy and a path with a colon between them, ${example}, ${got}.`)
  const place = places.get(path.trim())
  if (place === undefined)
    throw new Error(`Expected a path out of ${pathsTold}, got ${JSON.stringify(path.trim())}.`)
  const limit = numberIn(right.trim())
  demandOpen({ operator, limit }, place.unit, got)
  return {
    text: text.trim(),
    strategy: strategy.trim() === '*' ? everyone : strategy.trim(),
    path: path.trim(),
    operator,
    limit,
  }
}

function numberIn(text: string): number {
  const value = Number(text)
  if (/^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(text) && Number.isFinite(value)) return value
  throw new Error(
    `Expected a plain number as the limit (µs, requests per second, a ratio, a share from 0 to 1 or a count), got ${JSON.stringify(text)}.`,
  )
}

/** A gate that nothing can break is no gate, and one that nothing can hold says nothing. */
function demandOpen(
  { operator, limit }: Pick<Gate, 'operator' | 'limit'>,
  unit: GateResult['unit'],
  got: string,
): void {
  if (unit === 'share' && !(limit >= 0 && limit <= 1))
    throw new Error(`Expected a share from 0 to 1 as the limit, such as 0.05 for 5 %, ${got}.`)
  if (limit < 0) throw new Error(`Expected a limit of at least 0, below which no figure is, ${got}.`)
  const least = limit === 0 ? ['<', '>='] : []
  const most = unit === 'share' && limit === 1 ? ['>', '<='] : []
  if ([...least, ...most].includes(operator))
    throw new Error(
      `Expected a gate that can be broken and can hold, but every figure of this one is ${limit === 0 ? 'at least 0' : 'at most 1'}, ${got}.`,
    )
}
