import { spawn } from 'node:child_process'
import { once } from 'node:events'

/**
 * Reads the number of the process to be ended, the newest counts, and a blank line when there is none; when its input ends,
 * however that came about, it ends that process and removes the directory. An immediate end first (SIGQUIT to PostgreSQL's
 * postmaster ends its children and frees its memory), to one that stands still as well; then, if need be, the hard one, which
 * is all a group gets. Whoever still fills the directory, which is then not removed at once, soon notices that it is gone.
 * Unless its owner let go of it in good order it looks again later: a server that was just being started may have made its
 * directory anew.
 */
const script = `
trap '' INT TERM HUP QUIT
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
pid=
later='2 8'
while read -r line; do if [ "$line" = released ]; then later=; else pid=$line; fi; done
case $pid in
  '') ;;
  -*) kill -s KILL -- "$pid" ;;
  *)
    kill -s QUIT "$pid"
    kill -s CONT "$pid"
    left=80
    while [ "$left" -gt 0 ] && kill -s 0 "$pid"; do sleep 0.1; left=$((left - 1)); done
    kill -s KILL "$pid"
    ;;
esac
[ ! -r /proc/mounts ] || while read -r _ mounted _; do
  case $mounted in "$1"/*) umount -l "$mounted" ;; esac
done </proc/mounts
[ -z "$2" ] || git -C "$2" worktree remove --force --force "$1"
left=5
while ! rm -rf -- "$1" && [ "$left" -gt 0 ]; do sleep 1; left=$((left - 1)); done
[ -z "$2" ] || ! git -C "$2" worktree list --porcelain | grep -Fqx "worktree $1" || git -C "$2" worktree prune
for pause in $later; do sleep "$pause"; rm -rf -- "$1"; done
`

/** Somebody who outlives the harness, and then tidies up after it. */
export interface Guard {
  /** From now on this process, or as a negative number this group, ends with the harness; `undefined`: none does. */
  watch(pid: number | undefined): void
  /** Resolves when the directory is gone, and the process with it, if one is watched. */
  release(): Promise<void>
}

/**
 * In a session of its own: Ctrl-C in a terminal, or the end of the harness's group, is not its end.
 * @param repository where git knows of the directory as one of its worktrees, and forgets it in the end
 */
export function guardDirectory(directory: string, repository = ''): Guard {
  const child = spawn('sh', ['-c', script, 'crossworker-guard', directory, repository], {
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
      child.stdin.end('released\n')
      await gone
    },
  }
}
