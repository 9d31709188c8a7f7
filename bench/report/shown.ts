import type { ChangeResult, FailuresResult, GateResult, GrowthResult, RatioResult } from '../results.js'
import { duration, percent, perSecond, ratio, ratioText } from './format.js'

/**
 * Figures by path: where in results.json a figure stands and how it is told, so that what a page shows can be held against
 * its source by a program. Pure.
 */

type Interval = { readonly low: number; readonly high: number }
type Estimate = Interval & { readonly value: number }
type Tally = { readonly attempts: number; readonly failures: number }

const marks: Readonly<Record<RatioResult['verdict'], string>> = {
  faster: '▲',
  slower: '▼',
  equivalent: '=',
  inconclusive: '?',
}

/** Gates name their own unit. */
const units: Readonly<Record<GateResult['unit'], (value: number) => string>> = {
  us: duration,
  perSecond,
  ratio,
  share: percent,
  count: (value) => value.toLocaleString('en'),
}

export const formats = {
  count: (value: number) => value.toLocaleString('en'),
  duration,
  nanoseconds: (ns: number) => duration(ns / 1_000),
  milliseconds: (ms: number) => `${ms.toFixed(1)} ms`,
  seconds: (value: number) => `${value.toFixed(0)} s`,
  /** A unit they share is told once. */
  durations: ({ low, high }: Interval) => {
    const [from, to] = [duration(low), duration(high)]
    const unit = to.slice(to.indexOf(' '))
    return `[${from.endsWith(unit) ? from.slice(0, -unit.length) : from}, ${to}]`
  },
  /** One write, one read and one take. */
  sumOfDurations: (values: readonly (number | null)[]) =>
    duration(values.reduce((sum, us) => (sum === null || us === null ? null : sum + us), 0)),
  estimatedDuration: ({ value }: Estimate) => duration(value),
  estimatedRate: ({ value }: Estimate) => perSecond(value),
  perSecond,
  percent,
  factor: (value: number) => value.toFixed(2),
  ratio: ratioText,
  /** The baseline is its own measure. */
  cost: (cost: Estimate) => (cost.low === 1 && cost.high === 1 ? '1' : ratioText(cost)),
  ratioAndVerdict: (ratio: RatioResult) => `${ratioText(ratio)} ${marks[ratio.verdict]}`,
  gateValue: ({ unit, value }: GateResult) => (value === null ? '–' : units[unit](value)),
  gateInterval: ({ unit, interval }: GateResult) =>
    interval === null ? '–' : `[${units[unit](interval.low)}, ${units[unit](interval.high)}]`,
  gateLimit: ({ unit, limit }: GateResult) => units[unit](limit),
  change: ({ verdict, ...change }: ChangeResult | NonNullable<ChangeResult['ratio']>) =>
    `${ratioText(change)} ${marks[verdict]}`,
  exponent: ({ exponent, low, high }: GrowthResult) => ratioText({ value: exponent, low, high }),
  lastStep: ({ lastStep }: GrowthResult) => ratioText({ ...lastStep, value: lastStep.exponent }),
  ofTried: ({ attempts, failures }: Tally) =>
    attempts === 0 ? '–' : `${failures.toLocaleString('en')}/${attempts.toLocaleString('en')}`,
  rate: ({ attempts, rate }: FailuresResult) => (attempts === 0 ? 'not tried' : percent(rate)),
  /** Where none failed, the upper bound says how much that is worth. */
  rateInterval: ({ attempts, failures, low, high }: FailuresResult) => {
    if (attempts === 0) return ''
    return failures === 0 ? `≤ ${percent(high)}` : `${percent(low)} – ${percent(high)}`
  },
  shareOf: ([part, ...rest]: readonly number[]) => {
    const whole = rest.reduce((sum, count) => sum + count, 0)
    return whole === 0 ? '–' : percent((part ?? 0) / whole)
  },
} as const

export type Format = keyof typeof formats

/** @param path keys and indices joined by dots @returns `undefined` where there is nothing */
export function valueAt(root: unknown, path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>(
      (value, key) =>
        typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined,
      root,
    )
}

/** @param paths one, or several joined by spaces, whose values are then told together @returns "–" where nothing was measured */
export function shownAt(root: unknown, paths: string, format: Format): string {
  const values = paths.split(' ').map((path) => valueAt(root, path))
  const value = values.length === 1 ? values[0] : values
  // The schema at the door has checked what stands at each path; a wrong pair of path and format fails every report.
  return value === undefined || value === null ? '–' : formats[format](value as never)
}
