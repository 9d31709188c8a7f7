import { existsSync } from 'node:fs'
import { mkdtemp, realpath } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, isAbsolute, join, relative, resolve } from 'node:path'
import { isModulePath } from '../../src/load-strategy.js'
import { unlessEnded } from '../interruption.js'
import { messageOf } from '../message-of.js'
import { UsageError } from '../options.js'
import { packageRoot, serverEntry } from '../paths.js'
import { guardDirectory } from '../services/guard.js'
import type { Program } from '../topology.js'
import { buildVersion } from './build.js'
import { openRepository, type Repository } from './repository.js'

/** The version that is compared against, installed and built in a worktree of its own; disposing removes it. */
export interface Base extends AsyncDisposable {
  readonly commit: string
  readonly head: { readonly commit: string; readonly isChanged: boolean }
  readonly program: Program
  /** Whether this repository is the harness's own, so that the base has a server of its own. */
  readonly isOwn: boolean
  /** What the base's server is told for what this working copy calls `module`; `undefined`: it has no such strategy. */
  moduleOf(module: string): string | undefined
}

export interface BaseOptions {
  readonly ref: string
  readonly signal: AbortSignal
  say(line: string): void
}

/**
 * Checks the base out beside this working copy and builds it there.
 * @throws UsageError when there is no repository, no such commit, or nothing comes of building it; nothing is left behind then
 */
export async function openBase({ ref, signal, say }: BaseOptions): Promise<Base> {
  const cwd = await realpath('.')
  const repository = await openRepository(cwd)
  const commit = await repository.commitOf(ref)
  const head = await repository.head()
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'crossworker-base-')))
  const guard = guardDirectory(directory, repository.top)
  try {
    await checkOut(repository, directory, commit)
    const project = projectOf(cwd, repository.top)
    const isOwn = (await realpath(packageRoot)) === project
    const root = join(directory, relative(repository.top, project))
    say(`base ${commit.slice(0, 10)} (${ref}): checked out`)
    const building = buildVersion({ root, head: project, signal, say, started: guard.watch })
    await unlessEnded(
      signal,
      building.catch((cause: unknown) => {
        throw new UsageError(`base ${ref} does not build: ${messageOf(cause)}`, { cause })
      }),
    )
    guard.watch(undefined)
    const beside = join(directory, relative(repository.top, cwd))
    const place = existsSync(beside) ? beside : root
    return {
      commit,
      head,
      isOwn,
      program: { entry: entryOf(root, { isOwn, ref }), cwd: place },
      moduleOf(module) {
        if (isModulePath(module))
          return moduleAt(resolve(cwd, module), { directory, place, top: repository.top })
        return !isOwn || existsSync(join(root, `dist/src/strategies/${module}.js`)) ? module : undefined
      },
      [Symbol.asyncDispose]: guard.release,
    }
  } catch (error) {
    await guard.release()
    throw error
  }
}

/** Hooks of the user's are for his own checkouts. */
async function checkOut({ git }: Repository, directory: string, commit: string): Promise<void> {
  await git('-c', 'core.hooksPath=/dev/null', 'worktree', 'add', '--quiet', '--detach', directory, commit)
}

/** The nearest directory with a package.json, as npm would choose it, within the repository. */
function projectOf(cwd: string, top: string): string {
  for (let path = cwd; path.startsWith(top); path = dirname(path)) {
    if (existsSync(join(path, 'package.json'))) return path
    if (path === top) break
  }
  return top
}

function entryOf(root: string, { isOwn, ref }: { readonly isOwn: boolean; readonly ref: string }): string {
  if (!isOwn) return serverEntry
  const entry = join(root, 'dist/src/main.js')
  if (existsSync(entry)) return entry
  throw new UsageError(
    `base ${ref} is too old to be driven: expected its build to make dist/src/main.js, the server, got none`,
  )
}

interface Places {
  readonly top: string
  /** The base's worktree. */
  readonly directory: string
  /** From where the base's server takes a relative path. */
  readonly place: string
}

/** A module outside the repository is the same for both versions. */
function moduleAt(path: string, { top, directory, place }: Places): string | undefined {
  const inside = relative(top, path)
  if (inside.startsWith('..') || isAbsolute(inside)) return path
  const atBase = join(directory, inside)
  // Relative, because a plan is kept, and the worktree is not.
  return existsSync(atBase) ? `./${relative(place, atBase)}` : undefined
}
