import { existsSync } from 'node:fs'
import { readFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from './command.js'

export interface BuildOptions {
  /** Where the project lies in the worktree. */
  readonly root: string
  /** Where it lies in the working copy. */
  readonly head: string
  readonly signal: AbortSignal
  say(line: string): void
  /** Told of every process group that works there. */
  started(group: number): void
}

/**
 * Installs what the version needs and builds it, as its package.json says.
 * @throws CommandError with npm's last words
 */
export async function buildVersion({ root, head, signal, say, started }: BuildOptions): Promise<void> {
  const npm = (...args: readonly string[]) => runCommand('npm', args, { cwd: root, signal, started })
  const manifest = await readManifest(root)
  if (manifest === undefined) return
  if (!hasDependencies(manifest)) say('base: nothing to install')
  else if (await canShare(root, head)) {
    await symlink(join(head, 'node_modules'), join(root, 'node_modules'))
    say('base: asks for the same packages, so the same node_modules')
  } else {
    say('base: installing, it asks for other packages')
    const kind = existsSync(join(root, 'package-lock.json')) ? ['ci'] : ['install', '--no-package-lock']
    await npm(...kind, '--no-audit', '--no-fund')
  }
  if (manifest.scripts?.build === undefined) return
  say('base: building')
  // Its own words count, not npm's about them.
  await npm('run', '--silent', 'build')
}

type Named = Readonly<Record<string, string>>

interface Manifest {
  readonly scripts?: Named
  readonly dependencies?: Named
  readonly devDependencies?: Named
  readonly optionalDependencies?: Named
}

function hasDependencies({ dependencies, devDependencies, optionalDependencies }: Manifest): boolean {
  return Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies }).length > 0
}

async function readManifest(root: string): Promise<Manifest | undefined> {
  const path = join(root, 'package.json')
  return existsSync(path) ? JSON.parse(await readFile(path, 'utf8')) : undefined
}

/** Another install of the same packages would differ in nothing but the time it takes. */
async function canShare(root: string, head: string): Promise<boolean> {
  if (!existsSync(join(head, 'node_modules'))) return false
  const [own, theirs] = await Promise.all([root, head].map(demandOf))
  return own === theirs
}

const lockfiles = ['package-lock.json', 'npm-shrinkwrap.json', 'pnpm-lock.yaml', 'yarn.lock'] as const

/** The manifest as well: without a lockfile it alone says what is asked for. */
async function demandOf(directory: string): Promise<string> {
  const { dependencies, devDependencies, optionalDependencies } = (await readManifest(directory)) ?? {}
  const read = (name: string) => readFile(join(directory, name), 'utf8').catch(() => '')
  const locks = await Promise.all(lockfiles.map(read))
  return JSON.stringify([dependencies, devDependencies, optionalDependencies, ...locks])
}
