import { describe, expect, test } from 'vitest'
import {
  answerOf,
  fault,
  gap,
  issue,
  judge,
  misguess,
  pendingTake,
  read,
  type Scene,
  story,
  take,
} from './story.js'

const issued = issue(0, 0, 'a')

describe('single-use', () => {
  const of = (...scenes: Scene[]) => judge('single-use', story({}, issued, ...scenes))

  test('holds when a race has one winner', () => {
    const check = of(take(1, [10, 20], 'a', 'accepted'), take(2, [12, 18], 'a', 'unknown'))
    expect(check).toMatchObject({ verdict: 'valid', attempts: 1, violations: 0 })
    expect(check.evidence).toEqual(['1 captcha tried more than once, 1 of them in a race'])
  })

  test('is broken by two winners, in a race or one after the other', () => {
    const race = of(take(1, [10, 20], 'a', 'accepted'), take(2, [12, 18], 'a', 'accepted'))
    expect(race).toMatchObject({ verdict: 'invalid', violations: 1, witness: [1, 2] })
    expect(race.evidence[0]).toBe('worker 1 accepted a; to a take sent 2 ms later worker 2 accepted it again')
    expect(of(take(1, 10, 'a', 'accepted'), take(1, 900, 'a', 'accepted')).verdict).toBe('invalid')
  })

  test('counts a captcha once, however often it won', () => {
    const check = of(...[1, 2, 3].map((worker) => take(worker, [10, 20], 'a', 'accepted')))
    expect(check).toMatchObject({ attempts: 1, violations: 1 })
  })

  test('does not count a take that nobody saw accepted', () => {
    expect(of(take(1, [10, 20], 'a', 'accepted'), take(2, [10, 20], 'a', 'none')).violations).toBe(0)
  })

  test('holds across a crash the claims cover, and only there', () => {
    const twice = (loses: 'restart' | 'power-loss') =>
      of(take(1, 10, 'a', 'accepted'), fault('crash', [20, 30], { loses }), take(1, 40, 'a', 'accepted'))
    expect(twice('restart').violations).toBe(1)
    expect(twice('power-loss').violations).toBe(0)
  })

  test('is unknown without a race between two workers that were both answered', () => {
    const sequential = [take(1, 10, 'a', 'accepted'), take(2, 20, 'a', 'unknown')]
    const oneWorker = [take(1, [10, 20], 'a', 'accepted'), take(1, [10, 20], 'a', 'unknown')]
    const unanswered = [take(1, [10, 20], 'a', 'accepted'), pendingTake(2, 10, 'a')]
    for (const scenes of [sequential, oneWorker, unanswered]) expect(of(...scenes).verdict).toBe('unknown')
  })

  test('within a process asks the issuer alone', () => {
    const apart = story({}, issued, take(0, 10, 'a', 'accepted'), take(1, [10, 12], 'a', 'accepted'))
    expect(judge('single-use', apart, 'process')).toMatchObject({ verdict: 'unknown', violations: 0 })
    const within = story({}, issued, take(0, [10, 20], 'a', 'accepted'), take(0, [10, 20], 'a', 'unknown'))
    expect(judge('single-use', within, 'process').verdict).toBe('valid')
  })

  test('tells why the race was missing', () => {
    const history = story({}, gap('one worker only', 'single-use'))
    expect(judge('single-use', history).evidence.slice(0, 2)).toEqual([
      'no captcha was raced for by two workers',
      'one worker only',
    ])
  })
})

describe('one-guess', () => {
  const of = (...scenes: Scene[]) => judge('one-guess', story({}, issued, ...scenes))

  test('holds when a wrong guess burns the captcha everywhere', () => {
    const check = of(misguess(1, 10, 'a', 'wrong'), take(2, 20, 'a', 'unknown'))
    expect(check).toMatchObject({ verdict: 'valid', attempts: 1 })
  })

  test('holds when a right guess wins and the wrong one finds nothing', () => {
    expect(of(take(1, [10, 20], 'a', 'accepted'), misguess(2, [10, 20], 'a', 'unknown')).verdict).toBe(
      'valid',
    )
  })

  test.each([
    ['a right guess after a wrong one', [misguess(1, 10, 'a', 'wrong'), take(2, 20, 'a', 'accepted')]],
    ['both of a race', [misguess(1, [10, 20], 'a', 'wrong'), take(2, [10, 20], 'a', 'accepted')]],
    ['a second wrong guess', [misguess(1, 10, 'a', 'wrong'), misguess(2, 20, 'a', 'wrong')]],
    ['a wrong guess after a right one', [take(1, 10, 'a', 'accepted'), misguess(2, 20, 'a', 'wrong')]],
  ])('is broken by %s', (_what, scenes) => {
    expect(of(...scenes)).toMatchObject({ verdict: 'invalid', violations: 1, witness: [1, 2] })
  })

  test('tells who answered what', () => {
    const check = of(misguess(1, 10, 'a', 'wrong'), take(2, 25, 'a', 'accepted'))
    expect(check.evidence[0]).toBe(
      'worker 1 answered wrong to a take of a; 15 ms later worker 2 answered accepted to a take of it',
    )
  })

  test('leaves two right ones to single-use', () => {
    expect(of(take(1, 10, 'a', 'accepted'), take(2, 20, 'a', 'accepted')).violations).toBe(0)
  })

  test('is excused by a crash the claims do not cover', () => {
    const crash = fault('crash', [15, 18], { loses: 'power-loss' })
    expect(of(misguess(1, 10, 'a', 'wrong'), crash, take(2, 20, 'a', 'accepted')).violations).toBe(0)
  })

  test('is unknown when nothing was tried again, or by the same worker only', () => {
    expect(of(misguess(1, 10, 'a', 'wrong')).verdict).toBe('unknown')
    expect(of(misguess(1, 10, 'a', 'wrong'), take(1, 20, 'a', 'unknown')).verdict).toBe('unknown')
  })

  test('within a process asks the issuer alone', () => {
    const own = story({}, issued, misguess(0, 10, 'a', 'wrong'), take(0, 20, 'a', 'unknown'))
    expect(judge('one-guess', own, 'process').verdict).toBe('valid')
    const others = story({}, issued, misguess(0, 10, 'a', 'wrong'), take(1, 20, 'a', 'accepted'))
    expect(judge('one-guess', others, 'process').verdict).toBe('unknown')
  })
})

describe('no-phantoms', () => {
  const probe = take(1, 5, 'nobody', 'unknown')
  const of = (...scenes: Scene[]) => judge('no-phantoms', story({}, issued, ...scenes))

  test('holds when only what was issued is known, for its own answer', () => {
    const check = of(probe, read(1, 10, 'a', 'found'), take(1, 20, 'a', 'accepted'))
    expect(check).toMatchObject({ verdict: 'valid', attempts: 4, violations: 0 })
  })

  test('compares answers as the app does', () => {
    const guess = ` ${answerOf('a').toLowerCase()} `
    expect(of(probe, take(1, 20, 'a', 'accepted', guess)).verdict).toBe('valid')
  })

  test.each([
    ['a wrong guess accepted', misguess(1, 10, 'a', 'accepted')],
    ['a read of an id nobody issued', read(1, 10, 'b', 'found')],
    ['a take of an id nobody issued', take(1, 10, 'b', 'accepted')],
    ['a wrong guess at an id nobody issued', take(1, 10, 'b', 'wrong')],
    ['an id that two issues brought', issue(1, 10, 'a')],
  ])('is broken by %s', (_what, scene) => {
    expect(of(probe, scene)).toMatchObject({ verdict: 'invalid', violations: 1 })
  })

  test('shows both issues of one id, and the other checks judge neither', () => {
    const scenes = [probe, issue(1, 10, 'a'), read(2, 20, 'a', 'unknown'), take(3, 30, 'a', 'unknown')]
    const check = of(...scenes)
    expect(check).toMatchObject({ violations: 1, witness: [0, 2] })
    expect(check.evidence[0]).toBe('workers 0 and 1 both issued a')
    expect(judge('visibility', story({}, issued, ...scenes)).attempts).toBe(0)
  })

  test('is unknown without a probe that was answered', () => {
    expect(of(read(1, 10, 'a', 'found')).verdict).toBe('unknown')
    expect(of(read(1, 10, 'b', 'unavailable'), take(1, 20, 'b', 'refused')).verdict).toBe('unknown')
  })
})
