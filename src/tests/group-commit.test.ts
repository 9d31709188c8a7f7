import { afterEach, expect, test, vi } from 'vitest'
import { createGroupCommit } from '../strategies/files/group-commit.js'

/** Time stands still: nobody's patience ends unless a test says so. */
function holdTime(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
}

afterEach(() => void vi.useRealTimers())

function turns(count: number): Promise<void> {
  return count === 0 ? Promise.resolve() : new Promise(setImmediate).then(() => turns(count - 1))
}

/** Answers each with itself in capitals, and notes what was committed together. */
function noting() {
  const batches: string[] = []
  const changes = createGroupCommit<string>(async (batch) => {
    batches.push(batch.join(''))
    return batch.map((change) => change.toUpperCase())
  })
  return { batches, changes }
}

test('changes of one turn are committed together, and each gets its own answer', async () => {
  const { batches, changes } = noting()
  expect(await Promise.all(['a', 'b', 'c'].map(changes.add))).toEqual(['A', 'B', 'C'])
  expect(batches).toEqual(['abc'])
})

test('changes that come while a commit is under way go into the next', async () => {
  const batches: string[] = []
  let finish = (): void => undefined
  const changes = createGroupCommit<string>(async (batch) => {
    batches.push(batch.join(''))
    await new Promise<void>((resolve) => {
      finish = resolve
    })
    return []
  })
  const first = changes.add('a')
  await turns(3)
  const later = [changes.add('b'), changes.add('c')]
  finish()
  await first
  await vi.waitFor(() => expect(batches).toHaveLength(2), { interval: 1 })
  finish()
  await Promise.all(later)
  expect(batches).toEqual(['a', 'bc'])
})

test('a commit waits for those that the last one has answered, and no longer once they are there', async () => {
  holdTime()
  const { batches, changes } = noting()
  await Promise.all([changes.add('a'), changes.add('b')])
  const again = [changes.add('c')]
  await turns(5)
  expect(batches).toEqual(['ab'])
  again.push(changes.add('d'))
  await Promise.all(again)
  expect([batches, vi.getTimerCount()]).toEqual([['ab', 'cd'], 0])
})

test('a commit goes on without those that do not come back', async () => {
  holdTime()
  const { batches, changes } = noting()
  await Promise.all([changes.add('a'), changes.add('b')])
  const alone = changes.add('c')
  await turns(3)
  vi.runOnlyPendingTimers()
  await alone
  await changes.add('d')
  expect([batches, vi.getTimerCount()]).toEqual([['ab', 'c', 'd'], 0])
})

test('two groups that take turns become one', async () => {
  holdTime()
  const batches: string[] = []
  let during = (): void => undefined
  const changes = createGroupCommit<string>(async (batch) => {
    batches.push(batch.join(''))
    during()
    return []
  })
  const others: Promise<unknown>[] = []
  during = () => {
    during = () => undefined
    others.push(changes.add('x'), changes.add('y'))
  }
  await Promise.all([changes.add('a'), changes.add('b')])
  await turns(3)
  expect(batches).toEqual(['ab'])
  await Promise.all([changes.add('a'), changes.add('b'), ...others])
  expect(batches).toEqual(['ab', 'xyab'])
})

test('a commit that fails fails for all of its own, and for nobody else', async () => {
  let isBroken = true
  const changes = createGroupCommit<string>(async (batch) => {
    if (isBroken) throw new Error('planted: no room')
    return batch
  })
  const outcomes = await Promise.allSettled([changes.add('a'), changes.add('b')])
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  isBroken = false
  expect(await changes.add('c')).toBe('c')
})

test('what is under way can be waited for', async () => {
  const { batches, changes } = noting()
  void changes.add('a')
  await changes.settled()
  expect(batches).toEqual(['a'])
  await changes.settled()
})
