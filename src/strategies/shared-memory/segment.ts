import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { closeSync, fstatSync, openSync, readdirSync, readlinkSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { isRunning } from '../files/is-running.js'

/** Where Linux shows POSIX segments as files. Elsewhere there is no such place, and only `close` frees them. */
const folder = '/dev/shm'

export interface Segment {
  readonly name: string
  readonly memory: ArrayBufferLike
  /** Unmaps it: who looks into the memory afterwards crashes. */
  close(): void
}

export interface OwnSegment extends Pick<Segment, 'name'> {
  /** Removes the segment and waits until nothing of it is left. */
  close(): Promise<void>
}

/** One mapping a process: the library forgets a second one of the same name, and it would never be unmapped. */
const mapped = new Map<string, { readonly memory: ArrayBufferLike; users: number }>()

/**
 * Makes a POSIX segment of zeros that only this user can open.
 *
 * A name has to be there as long as the server runs, for workers that replace others; POSIX and System V alike keep what has
 * a name until somebody removes it, and this process may be killed at any moment. So a guardian, two shell commands in a
 * session of their own, waits for the end of a pipe that closes with this process however it ends, and removes the name. Where
 * it is killed as well (a control group, say), the next start of any such server does it: names tell who made them.
 * @throws when there is no room for it
 */
export async function createSegment(bytes: number): Promise<OwnSegment> {
  const shm = await import('shm-typed-array')
  for (const name of abandoned()) shm.destroy(name)
  const name = `/${prefix()}${process.pid.toString(36)}-${randomBytes(6).toString('base64url')}`
  const guardian = startGuardian(name)

  async function close(): Promise<void> {
    mapped.delete(name)
    shm.destroy(name)
    await dismiss(guardian)
  }

  try {
    const made = shm.create(bytes / 8, 'Float64Array', name, '600')
    if (made === null) throw new Error(`expected to make the shared memory ${name}, but it is there already`)
    mapped.set(name, { memory: made.buffer, users: 1 })
    reserve(name)
    return { name, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** @throws when there is no segment of that name */
export async function openSegment(name: string): Promise<Segment> {
  const shm = await import('shm-typed-array')
  const memory = mapped.get(name)?.memory ?? shm.get(name, 'Float64Array')?.buffer
  if (memory === undefined) throw new Error(`expected the shared memory ${name}, found none`)
  const mapping = mapped.get(name) ?? { memory, users: 0 }
  mapped.set(name, mapping)
  mapping.users += 1

  function close(): void {
    mapping.users -= 1
    if (mapping.users > 0) return
    mapped.delete(name)
    shm.detach(name)
  }

  return { name, memory, close }
}

/** Its pages are made now, by writes that can fail: a full file system would be a SIGBUS in the middle of an issue later. */
function reserve(name: string): void {
  if (!names().includes(name.slice(1))) return
  const file = openSync(folder + name, 'r+')
  try {
    // Eight bytes of the library's own come first, then nothing but zeros.
    const zeros = new Uint8Array(65_536)
    const { size } = fstatSync(file)
    for (let at = 8; at < size; at += zeros.length)
      writeSync(file, zeros, 0, Math.min(zeros.length, size - at), at)
  } finally {
    closeSync(file)
  }
}

function startGuardian(name: string): ChildProcess {
  const guardian = spawn('/bin/sh', ['-c', 'read -r _; exec /bin/rm -f -- "$0"', folder + name], {
    detached: true,
    cwd: '/',
    env: {},
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  // No shell, no guardian: the next start does its work.
  guardian.on('error', () => undefined)
  guardian.stdin?.on('error', () => undefined)
  if (guardian.stdin instanceof Socket) guardian.stdin.unref()
  guardian.unref()
  return guardian
}

async function dismiss(guardian: ChildProcess): Promise<void> {
  if (guardian.pid === undefined || guardian.exitCode !== null || guardian.signalCode !== null) return
  guardian.ref()
  const gone = once(guardian, 'exit')
  guardian.stdin?.end()
  await gone
}

/** Process numbers mean something only inside one namespace: a container does not judge its neighbour's. */
function prefix(): string {
  return `crossworker-${namespace().toString(36)}-`
}

function namespace(): number {
  try {
    return Number(/\d+/.exec(readlinkSync('/proc/self/ns/pid'))?.[0] ?? 0)
  } catch {
    return 0
  }
}

/** Names of segments whose makers have gone. A number that is in use again keeps one until that process ends, too. */
function abandoned(): readonly string[] {
  const start = prefix()
  return names()
    .filter((name) => name.startsWith(start))
    .filter((name) => !isRunning(Number.parseInt(name.slice(start.length), 36)))
    .map((name) => `/${name}`)
}

function names(): readonly string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}
