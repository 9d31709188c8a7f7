import { messageOf } from '../message-of.js'
import { UsageError } from '../options.js'
import { runCommand } from './command.js'

/** A git repository, seen from a directory in its working copy. */
export interface Repository {
  /** Its working copy. */
  readonly top: string
  git(...args: readonly string[]): Promise<string>
  /** @throws UsageError when there is no such commit */
  commitOf(ref: string): Promise<string>
  /** The commit the working copy stands on, and whether it differs from it. */
  head(): Promise<{ readonly commit: string; readonly isChanged: boolean }>
}

/** @throws UsageError where there is none, or no git */
export async function openRepository(cwd: string): Promise<Repository> {
  const git = async (...args: readonly string[]) => (await runCommand('git', args, { cwd })).trimEnd()
  const top = await git('rev-parse', '--show-toplevel').catch((cause: unknown) => {
    throw new UsageError(`--base: expected to be run in a git repository, got ${cwd} (${messageOf(cause)})`, {
      cause,
    })
  })
  return {
    top,
    git,
    async commitOf(ref) {
      try {
        return await git('rev-parse', '--verify', '--quiet', '--end-of-options', `${ref}^{commit}`)
      } catch (cause) {
        const cure = 'in a shallow clone, fetch it first (git fetch --depth=1 origin …)'
        throw new UsageError(
          `--base: expected a commit, branch or tag of this repository, got ${JSON.stringify(ref)}; ${cure}`,
          { cause },
        )
      }
    },
    async head() {
      const commit = await git('rev-parse', 'HEAD')
      return { commit, isChanged: (await git('status', '--porcelain')) !== '' }
    },
  }
}
