/** An axis: of `log` ones, equal factors are equal distances. Pure. */
export interface Axis {
  readonly kind: 'log' | 'linear'
  readonly min: number
  readonly max: number
  readonly base: number
  /** Powers of the base, ends included. */
  readonly ticks: readonly number[]
}

/** Reaches from a power of the base to another, around all that is positive; of nothing, one step from 1. */
export function logAxis(values: readonly number[], base = 10): Axis {
  const positive = values.filter((value) => value > 0 && Number.isFinite(value))
  const exponents = positive.map((value) => Math.log(value) / Math.log(base))
  // Rounding errors of a logarithm must not cost a whole step.
  const low = positive.length === 0 ? 0 : Math.floor(Math.min(...exponents) + 1e-9)
  const high = positive.length === 0 ? 1 : Math.max(low + 1, Math.ceil(Math.max(...exponents) - 1e-9))
  const ticks = Array.from({ length: high - low + 1 }, (_, step) => base ** (low + step))
  return { kind: 'log', min: base ** low, max: base ** high, base, ticks }
}

/** From none to all. */
export const shareAxis: Axis = { kind: 'linear', min: 0, max: 1, base: 10, ticks: [0, 0.25, 0.5, 0.75, 1] }

/** @returns 0 at the axis' beginning, 1 at its end */
export function positionOn({ kind, min, max }: Axis, value: number): number {
  if (kind === 'linear') return (value - min) / (max - min)
  return Math.log(value / min) / Math.log(max / min)
}
