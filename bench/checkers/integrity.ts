import type { Checker } from './check.js'
import { several } from './telling.js'
import { toCheck } from './verdict.js'

/** Whenever an independent reader looked at the medium, it was sound. */
export const integrity: Checker = (history) => {
  const lines = history.integrity
  const underLoad = lines.filter((line) => line.underLoad).length
  return toCheck(history, {
    name: 'integrity',
    attempts: lines.length,
    violations: lines
      .filter(({ sound }) => !sound)
      .map(({ what, detail, underLoad: loaded }) => ({
        ops: [],
        tell: () => `${what}, ${loaded ? 'under load' : 'at rest'}: ${detail ?? 'not sound'}`,
      })),
    gap: lines.length === 0 ? 'no independent reader looked at the medium' : undefined,
    remarks: [
      lines.length > 0
        ? `${several(lines.length, 'look')} at the medium, ${underLoad} under load`
        : undefined,
    ],
  })
}
