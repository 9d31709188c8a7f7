import { readFileSync } from 'node:fs'
import { isRunning } from './is-running.js'

/** States of a process that only waits to be reaped. */
const ended = ['Z', 'X']

/** `<number>-<start>` of this process, for names of files: by both, nobody takes another process that got its number for it. */
export function ownMark(): string {
  return `${process.pid}-${lookAt('self')?.start ?? '0'}`
}

/**
 * Whether the process of that mark still runs, stopped or not; this one does not count. Only /proc tells the start: elsewhere
 * whoever has the number now is taken for it. Of another namespace of process numbers, nothing is seen to run.
 */
export function isOtherRunning(mark: string): boolean {
  const [pid = 0, start] = mark.split('-').map(Number)
  if (pid === process.pid || !isRunning(pid)) return false
  const seen = lookAt(pid)
  if (seen === undefined || start === 0) return true
  return Number(seen.start) === start && !ended.includes(seen.state)
}

/** The fields after the name in brackets: the state is the first, the start, in ticks since the system's, the twentieth. */
function lookAt(pid: number | 'self'): { state: string; start: string } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { state: fields[0] ?? '', start: fields[19] ?? '0' }
  } catch {
    return undefined
  }
}
