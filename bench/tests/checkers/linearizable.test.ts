import { describe, expect, test } from 'vitest'
import { hasOrder, type Step } from '../../checkers/one-order.js'
import { fault, issue, judge, misguess, pendingTake, read, type Scene, story, take } from './story.js'

const issued = issue(0, 0, 'a')

describe('linearizable', () => {
  const of = (...scenes: Scene[]) => judge('linearizable', story({}, issued, ...scenes))

  test('holds when some order explains every answer', () => {
    const check = of(
      read(1, 10, 'a', 'found'),
      take(1, [20, 30], 'a', 'unknown'),
      take(2, [20, 30], 'a', 'accepted'),
      take(3, [25, 40], 'a', 'unknown'),
    )
    expect(check).toMatchObject({ verdict: 'valid', attempts: 1, violations: 0 })
  })

  test.each([
    ['a miss before any take', [read(1, 10, 'a', 'unknown'), take(2, 20, 'a', 'accepted')]],
    ['two winners', [take(1, [10, 20], 'a', 'accepted'), take(2, [10, 20], 'a', 'accepted')]],
    ['a winner after a burnt captcha', [misguess(1, 10, 'a', 'wrong'), take(2, 20, 'a', 'accepted')]],
    ['a loser before the winner', [take(1, 10, 'a', 'unknown'), take(2, [12, 20], 'a', 'accepted')]],
    ['a race without a winner', [take(1, [10, 20], 'a', 'unknown'), take(2, [10, 20], 'a', 'unknown')]],
    [
      'a win after a loss to nobody known',
      [take(1, [10, 60], 'a', 'none'), take(2, 20, 'a', 'unknown'), take(3, 30, 'a', 'accepted')],
    ],
  ])('is broken by %s', (_what, scenes) => {
    expect(of(...scenes)).toMatchObject({ verdict: 'invalid', violations: 1 })
  })

  test('shows the ops in order of time and tells their story', () => {
    const check = of(take(2, [12, 20], 'a', 'accepted'), take(1, 10, 'a', 'unknown'))
    expect(check.witness).toEqual([0, 2, 1])
    expect(check.evidence[0]).toBe(
      'no order explains the answers about a: worker 1 unknown (take, 9 ms to 10 ms), worker 2 accepted (take, 11 ms to 19 ms)',
    )
  })

  test('lets a take without an answer have happened at any time, or never', () => {
    expect(of(pendingTake(1, 10, 'a'), take(2, 800, 'a', 'unknown')).violations).toBe(0)
    expect(of(pendingTake(1, 10, 'a'), take(2, 800, 'a', 'accepted')).verdict).toBe('valid')
    expect(of(take(1, 10, 'a', 'unavailable'), take(2, 800, 'a', 'unknown')).violations).toBe(0)
    expect(of(take(1, 10, 'a', 'refused'), take(2, 800, 'a', 'unknown')).verdict).toBe('invalid')
  })

  test('lets a take that was answered around the end have happened in time', () => {
    expect(of(take(1, [900, 990], 'a', 'accepted'), take(2, [905, 940], 'a', 'unknown')).violations).toBe(0)
  })

  test('leaves out reads that may have been answered after a take, and says so', () => {
    const check = of(read(1, 5, 'a', 'found'), take(1, 10, 'a', 'accepted'), read(2, 20, 'a', 'found'))
    expect(check.verdict).toBe('valid')
    expect(check.evidence).toContain('1 read during or after a take left out')
  })

  test('leaves out captchas that met a fault, and those with too many ops', () => {
    const crash = fault('crash', [5, 8], { loses: 'power-loss' })
    expect(of(crash, read(1, 10, 'a', 'unknown'))).toMatchObject({ verdict: 'unknown', violations: 0 })
    const many = Array.from({ length: 13 }, (_, index) => read(1, 10 + index, 'a', 'found'))
    expect(of(...many.slice(1)).verdict).toBe('valid')
    const check = of(...many)
    expect(check).toMatchObject({ verdict: 'unknown', attempts: 0 })
    expect(check.evidence[1]).toBe('1 captcha with more than 12 ops left out')
  })

  test('within a process orders what the issuer answered, whoever may have taken it', () => {
    const within = (...scenes: Scene[]) =>
      judge('linearizable', story({ scope: 'process' }, issued, ...scenes))
    expect(within(read(1, 10, 'a', 'unknown')).verdict).toBe('unknown')
    expect(within(read(0, 10, 'a', 'unknown')).verdict).toBe('invalid')
    expect(within(take(1, 10, 'a', 'accepted'), take(0, 20, 'a', 'unknown')).verdict).toBe('valid')
  })

  test('is unknown when no other worker of the scope found anything', () => {
    expect(of(read(0, 10, 'a', 'found')).verdict).toBe('unknown')
    expect(of(take(0, 10, 'a', 'accepted'), take(1, 20, 'a', 'unknown')).verdict).toBe('unknown')
  })
})

describe('the search for one order', () => {
  const step = (effect: Step['effect'], startMs: number, endMs: number): Step => ({
    effect,
    startMs,
    endMs,
    isOptional: false,
  })

  test('gets through twelve steps at once that all fail', () => {
    const losers = Array.from({ length: 12 }, () => step('miss', 0, 10))
    expect(hasOrder(losers)).toBe(false)
    expect(hasOrder([...losers.slice(1), step('take', 0, 10)])).toBe(true)
  })

  test('refuses more', () => {
    expect(() => hasOrder(Array.from({ length: 13 }, () => step('miss', 0, 1)))).toThrow(/at most 12 steps/)
  })

  test('takes steps that touch for overlapping', () => {
    expect(hasOrder([step('take', 10, 20), step('miss', 0, 10)])).toBe(true)
    expect(hasOrder([step('take', 11, 20), step('miss', 0, 10)])).toBe(false)
  })
})
