import type { ChildProcess } from 'node:child_process'
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

/** Kills a process that was started `detached`, and all that it started. */
export function killGroup({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL')
  } catch {
    // No such group: all of it has gone.
  }
}
