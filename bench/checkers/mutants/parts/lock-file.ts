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
  acquire(): Promise<Holding>
  /** Removes the lock if it is still this holding's. */
  release(holding: Holding): void
}

export interface Holding {
  readonly token: string
  /** `performance.now()` before the lock was there: the holder may be stopped right after. */
  readonly fromMs: number
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
      const startMs = performance.now()
      for (;;) {
        const fromMs = performance.now()
        if (isOurs(token)) return { token, fromMs }
        if (fromMs - startMs > patienceMs)
          throw new Error(`${path}: expected to get the lock within ${patienceMs} ms, but it stays locked`)
        dropStale()
        await wait(2 + Math.random() * 6)
      }
    },
    release({ token }) {
      try {
        if (readFileSync(path, 'utf8') === token) rmSync(path)
      } catch {}
    },
  }
}

/** Runs a commit while it holds the lock, and releases no other holding than its own. */
export function whileHolding(lock: LockFile): (commit: () => Promise<void>) => Promise<void> {
  return async (commit) => {
    const holding = await lock.acquire()
    try {
      await commit()
    } finally {
      lock.release(holding)
    }
  }
}
