import { spawn } from 'node:child_process'
import { once } from 'node:events'

/**
 * Reads the number of the process to be ended, the newest counts, and a blank line when there is none; when its input ends,
 * however that came about, it ends that process and removes the directory. An immediate end first (SIGQUIT to PostgreSQL's
 * postmaster ends its children and frees its memory), to one that stands still as well; then, if need be, the hard one. Whoever
 * still fills the directory, which is then not removed at once, soon notices that it is gone.
 */
const script = `
trap '' INT TERM HUP QUIT
pid=
while read -r line; do pid=$line; done
if [ -n "$pid" ]; then
  kill -s QUIT "$pid"
  kill -s CONT "$pid"
  left=80
  while [ "$left" -gt 0 ] && kill -s 0 "$pid"; do sleep 0.1; left=$((left - 1)); done
  kill -s KILL "$pid"
fi
left=5
while ! rm -rf -- "$1" && [ "$left" -gt 0 ]; do sleep 1; left=$((left - 1)); done
`

/** Somebody who outlives the harness, and then tidies up after it. */
export interface Guard {
  /** From now on this process ends with the harness; `undefined`: none does. */
  watch(pid: number | undefined): void
  /** Resolves when the directory is gone, and the process with it, if one is watched. */
  release(): Promise<void>
}

/** In a session of its own: Ctrl-C in a terminal, or the end of the harness's group, is not its end. */
export function guardDirectory(directory: string): Guard {
  const child = spawn('sh', ['-c', script, 'crossworker-guard', directory], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  const gone = once(child, 'exit').catch(() => undefined)
  child.stdin.on('error', () => undefined)
  child.unref()
  return {
    watch: (pid) => void child.stdin.write(`${pid ?? ''}\n`),
    async release() {
      child.ref()
      child.stdin.end()
      await gone
    },
  }
}
