import { readFileSync } from 'node:fs'

/**
 * Whether a process still does anything, or holds files and locks: one that has ended and whose end nobody has asked for yet
 * does not. From /proc; elsewhere nobody is.
 */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\t[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'latin1'))
  } catch {
    return false
  }
}
