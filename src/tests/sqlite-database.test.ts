import { describe, expect, test, vi } from 'vitest'
import { insist, startSweeper, sweepPortion } from '../strategies/sqlite-database.js'

function busy(code = 'SQLITE_BUSY'): Error {
  return Object.assign(new Error('database is locked'), { code })
}

/** Throws so often, then answers. */
function lockedFor(times: number, code?: string) {
  return vi.fn(() => {
    if (statement.mock.calls.length <= times) throw busy(code)
    return 'done'
  })
}

let statement: ReturnType<typeof lockedFor>

describe('a statement that is insisted on', () => {
  test('answers at once where nobody holds the lock', () => {
    statement = lockedFor(0)
    expect(insist(statement)).toBe('done')
    expect(statement).toHaveBeenCalledTimes(1)
  })

  test.each(['SQLITE_BUSY', 'SQLITE_BUSY_SNAPSHOT', 'SQLITE_BUSY_RECOVERY'])(
    'is tried again within a millisecond where it met %s',
    (code) => {
      statement = lockedFor(3, code)
      expect(insist(statement)).toBe('done')
      expect(statement).toHaveBeenCalledTimes(4)
    },
  )

  test('lets others have their turn while a lock is held for long', async () => {
    statement = lockedFor(9)
    const waiting = insist(statement)
    expect(waiting).toBeInstanceOf(Promise)
    const turn = vi.fn()
    setImmediate(turn)
    expect(await waiting).toBe('done')
    expect(turn).toHaveBeenCalledOnce()
  })

  test('says after its limit that the database is busy', async () => {
    statement = lockedFor(Number.POSITIVE_INFINITY)
    const now = vi.spyOn(performance, 'now').mockReturnValueOnce(0).mockReturnValue(5_001)
    try {
      await expect(insist(statement)).rejects.toThrow('database is locked')
    } finally {
      now.mockRestore()
    }
  })

  test('is tried once where something else is wrong, at once or later', async () => {
    const full = vi.fn(() => {
      throw Object.assign(new Error('disk full'), { code: 'SQLITE_FULL' })
    })
    expect(() => insist(full)).toThrow('disk full')
    expect(full).toHaveBeenCalledTimes(1)
    let attempts = 0
    const later = () => {
      attempts += 1
      throw attempts > 7 ? Object.assign(new Error('disk full'), { code: 'SQLITE_FULL' }) : busy()
    }
    await expect(insist(later)).rejects.toThrow('disk full')
    expect(attempts).toBe(8)
  })
})

describe('a sweep', () => {
  test('goes on with the next portion when one was whole, and outlives a failure', () => {
    vi.useFakeTimers()
    const removed = [sweepPortion, 1]
    const remove = vi.fn(() => removed.shift() ?? 0)
    const stop = startSweeper(remove)
    try {
      vi.advanceTimersByTime(1_000)
      vi.advanceTimersByTime(1)
      expect(remove).toHaveBeenCalledTimes(2)
      remove.mockImplementationOnce(() => {
        throw new Error('disk full')
      })
      vi.advanceTimersByTime(1_000)
      vi.advanceTimersByTime(1_000)
      expect(remove).toHaveBeenCalledTimes(4)
      stop()
      vi.advanceTimersByTime(5_000)
      expect(remove).toHaveBeenCalledTimes(4)
    } finally {
      stop()
      vi.useRealTimers()
    }
  })
})
