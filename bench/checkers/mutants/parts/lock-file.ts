import { randomUUID } from 'node:crypto'
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'

export interface LockOptions {
  /** A lock older than this is taken over; never, unless given. */
  readonly staleMs?: number
  /** Waiting longer throws. */
  readonly patienceMs: number
}

/** A lock is a file that exists; it holds `<process id of the holder> <random token>`. */
export interface LockFile {
  /** @returns the token of this holding */
  acquire(): Promise<string>
  /** Removes the lock if it is still this holding's. */
  release(token: string): void
}

export function createLockFile(path: string, { staleMs, patienceMs }: LockOptions): LockFile {
  function isOurs(token: string): boolean {
    try {
      writeFileSync(path, token, { flag: 'wx' })
      return true
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false
      throw error
    }
  }

  function dropStale(): void {
    const { mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? { mtimeMs: Date.now() }
    if (staleMs !== undefined && Date.now() - mtimeMs > staleMs) rmSync(path, { force: true })
  }

  return {
    async acquire() {
      const token = `${process.pid} ${randomUUID()}`
      const fromMs = performance.now()
      while (!isOurs(token)) {
        if (performance.now() - fromMs > patienceMs)
          throw new Error(`${path}: expected to get the lock within ${patienceMs} ms, but it stays locked`)
        dropStale()
        await wait(2 + Math.random() * 6)
      }
      return token
    },
    release(token) {
      try {
        if (readFileSync(path, 'utf8') === token) rmSync(path)
      } catch {}
    },
  }
}
