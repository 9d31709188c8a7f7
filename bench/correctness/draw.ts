import type { Random } from '../statistics.js'

/** Uniform choices out of one seeded stream. Pure but for the state of the stream. */

/** From `low`, included, to `high`, excluded; in its own units. */
export function between(random: Random, low: number, high: number): number {
  return low + random() * (high - low)
}

/** @throws RangeError when there is nothing to choose from */
export function pick<T>(random: Random, items: readonly T[]): T {
  const item = items[Math.floor(random() * items.length)]
  if (item === undefined) throw new RangeError('pick: expected at least one item, got none')
  return item
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Looks like an id and was never issued. */
export function inventedId(random: Random): string {
  return Array.from({ length: 24 }, () => alphabet.charAt(Math.floor(random() * 64))).join('')
}
