/** @throws RangeError `<expectation>, got <value>` on one line, unless the condition holds. */
export function demand(holds: boolean, expectation: string, got: unknown): asserts holds {
  if (!holds) throw new RangeError(`${expectation}, got ${String(got)}`)
}

/** @throws RangeError unless there is at least one number and every number is finite. */
export function demandNumbers(subject: string, xs: readonly number[]): void {
  demand(xs.length > 0, `${subject}: expected at least one number`, 'none')
  const odd = xs.find((x) => !Number.isFinite(x))
  demand(odd === undefined, `${subject}: expected finite numbers`, odd)
}

/** @throws RangeError unless 0 < p < 1. */
export function demandBetweenZeroAndOne(subject: string, p: number): void {
  demand(p > 0 && p < 1, `${subject}: expected a number strictly between 0 and 1`, p)
}
