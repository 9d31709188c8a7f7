import { accessSync, constants, readFileSync, statSync } from 'node:fs'
import { chown, mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

/** Whom an engine runs as, where that is not whoever runs the harness. */
export interface User {
  readonly uid: number
  readonly gid: number
}

/** A socket's path has 107 bytes at the most (unix(7)); below the directory come its six letters and the engine's own names. */
const longestPlace = 60

/**
 * Makes an empty directory for an engine: where temporary files go, unless the user cannot get there or the way is too long for
 * a socket.
 */
export async function makeDirectory(name: string, user: User | undefined): Promise<string> {
  const fits = (place: string) =>
    place.length <= longestPlace && isWritable(place) && (user === undefined || isReachable(place))
  const place = [tmpdir(), '/tmp', '/var/tmp'].find(fits) ?? tmpdir()
  const directory = await mkdtemp(join(place, `crossworker-${name}-`))
  if (user !== undefined) await chown(directory, user.uid, user.gid)
  return directory
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK)
    return true
  } catch {
    return false
  }
}

/** Whether anybody may walk to this directory. */
export function isReachable(directory: string): boolean {
  for (let path = resolve(directory); ; path = dirname(path)) {
    if ((statSync(path).mode & 0o001) === 0) return false
    if (path === dirname(path)) return true
  }
}

/** The first of these names that the system knows. */
export function findUser(names: readonly string[]): User | undefined {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n')
  for (const name of names) {
    const [, , uid, gid] = lines.find((line) => line.startsWith(`${name}:`))?.split(':') ?? []
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) }
  }
  return undefined
}

/** Where a program lies on the PATH. */
export function findOnPath(program: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(':')
    .map((directory) => join(directory, program))
    .find(isExecutable)
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
