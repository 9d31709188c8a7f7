/** What a method says of one arm in one run: the truth is known. */
export type Call = 'slower' | 'faster' | 'none'

/** One answer of one method. */
export interface Trial {
  readonly run: number
  /** `ours`, and what it was read from; or the usual way, and how it decides. */
  readonly method: string
  /** By how much the arm's store is slower than the baseline's: 0, 0.05 … */
  readonly slowdown: number
  readonly call: Call
  /** arm ÷ baseline */
  readonly ratio: number
  readonly low?: number
  readonly high?: number
}

/** Arms, in the order the usual way measures them after the baseline. */
export const arms = [
  { name: 'twin', slowdown: 0 },
  { name: 'busy-5', slowdown: 0.05 },
  { name: 'busy-10', slowdown: 0.1 },
  { name: 'busy-25', slowdown: 0.25 },
] as const

export const seconds = { perRun: 60 } as const
export const workers = 2
