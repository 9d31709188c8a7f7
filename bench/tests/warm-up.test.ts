import { describe, expect, test } from 'vitest'
import { hasSeenEnough } from '../timing/warm-up.js'

describe('two windows of a warm-up that agree', () => {
  const of = { minWindows: 11, workers: 4 }

  test('end it once every worker has seen enough captchas', () => {
    expect(hasSeenEnough({ windows: 11, captchas: 7_200 }, of)).toBe(true)
  })

  test('say nothing of a server that has hardly been used, however much time has passed', () => {
    expect(hasSeenEnough({ windows: 15, captchas: 7_100 }, of)).toBe(false)
    expect(hasSeenEnough({ windows: 15, captchas: 7_100 }, { ...of, workers: 2 })).toBe(true)
  })

  test('say nothing before the fewest windows, however fast a server is', () => {
    expect(hasSeenEnough({ windows: 10, captchas: 30_000 }, of)).toBe(false)
  })

  test('end it after twice as many windows for a store that is too slow', () => {
    expect(hasSeenEnough({ windows: 21, captchas: 400 }, of)).toBe(false)
    expect(hasSeenEnough({ windows: 22, captchas: 400 }, of)).toBe(true)
  })
})
