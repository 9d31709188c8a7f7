import { readdirSync, readFileSync } from 'node:fs'

/** Processes other than this one whose environment carries `mark`, from /proc: children of children too. */
export function processesMarked(mark: string): readonly number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => environmentOf(pid).includes(mark))
    .map(Number)
}

function environmentOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1')
  } catch {
    return ''
  }
}

/** Those of them that stand still. */
export function stoppedProcesses(pids: readonly number[]): readonly number[] {
  return pids.filter((pid) => /^State:\tT/m.test(statusOf(pid)))
}

function statusOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'latin1')
  } catch {
    return ''
  }
}
