import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { openPatience } from '../patience.js'

describe('openPatience', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  function open() {
    const givenUp: string[] = []
    return { givenUp, patience: openPatience<string>(100, (key) => givenUp.push(key)) }
  }

  test('gives up each in its own time, with one timer for all', () => {
    const { givenUp, patience } = open()
    patience.begin('first')
    vi.advanceTimersByTime(60)
    patience.begin('second')
    expect(vi.getTimerCount()).toBe(1)
    vi.advanceTimersByTime(40)
    expect(givenUp).toEqual(['first'])
    vi.advanceTimersByTime(59)
    expect(givenUp).toEqual(['first'])
    vi.advanceTimersByTime(1)
    expect(givenUp).toEqual(['first', 'second'])
    expect(vi.getTimerCount()).toBe(0)
  })

  test('waits no more for what has its answer', () => {
    const { givenUp, patience } = open()
    patience.begin('answered')
    patience.begin('late')
    patience.end('answered')
    vi.advanceTimersByTime(1_000)
    expect(givenUp).toEqual(['late'])
  })

  test('begins anew after all were answered', () => {
    const { givenUp, patience } = open()
    patience.begin('one')
    patience.end('one')
    vi.advanceTimersByTime(99)
    patience.begin('two')
    vi.advanceTimersByTime(99)
    expect(givenUp).toEqual([])
    vi.advanceTimersByTime(1)
    expect(givenUp).toEqual(['two'])
  })

  test('may be closed by whom it tells, and gives up nobody then', () => {
    const givenUp: string[] = []
    const patience = openPatience<string>(100, (key) => {
      givenUp.push(key)
      patience.close()
    })
    patience.begin('first')
    patience.begin('second')
    vi.advanceTimersByTime(1_000)
    expect(givenUp).toEqual(['first'])
    expect(vi.getTimerCount()).toBe(0)
  })
})
