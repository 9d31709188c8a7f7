import type { GateResult, Results } from '../results.js'
import { formats } from './shown.js'
import { table } from './table.js'

/** What `--fail-on` asked, for Markdown and for the screen. Pure. */

export const gateHeads = ['gate', 'strategy', 'value', '95 % interval', 'fails when', 'verdict'] as const

export const gateLead =
  'A gate is broken when the whole interval lies beyond its limit, held when all of it lies on this side, and undecided otherwise. No interval of a rate ends at 0 % or 100 %: such a limit asks whether it was ever seen.'

const order: readonly GateResult['verdict'][] = ['broken', 'unmeasured', 'undecided', 'held']

/** The worst first, each with where it stands. */
export function worstFirst(gates: readonly GateResult[]): readonly { gate: GateResult; place: number }[] {
  return gates
    .map((gate, place) => ({ gate, place }))
    .toSorted((a, b) => order.indexOf(a.gate.verdict) - order.indexOf(b.gate.verdict))
}

export function gateTable({ gates = [] }: Results): string {
  if (gates.length === 0) return ''
  const rows = worstFirst(gates).map(({ gate }) => [
    gate.gate,
    gate.strategy,
    formats.gateValue(gate),
    formats.gateInterval(gate),
    `${gate.operator} ${formats.gateLimit(gate)}`,
    verdictOf(gate),
  ])
  return ['## Gates', '', gateLead, '', table(gateHeads, rows)].join('\n')
}

function verdictOf({ verdict, reason }: GateResult): string {
  const word = verdict === 'broken' ? '**broken**' : verdict
  return reason === undefined ? word : `${word}: ${reason}`
}

/** One line a gate, the worst first. */
export function gateLines({ gates = [] }: Results): readonly string[] {
  return worstFirst(gates).map(({ gate }) => {
    const { verdict, strategy, path, operator, reason } = gate
    const why = reason === undefined ? '' : `: ${reason}`
    const found =
      verdict === 'unmeasured'
        ? ''
        : `: ${strategy} has ${formats.gateValue(gate)} ${formats.gateInterval(gate)}, fails when ${path} ${operator} ${formats.gateLimit(gate)}`
    return `• gate ${verdict}: ${gate.gate}${verdict === 'unmeasured' ? ` (${strategy})` : ''}${found}${why}`
  })
}
