import { describe, expect, test } from 'vitest'
import {
  fault,
  issue,
  judge,
  misguess,
  pendingTake,
  read,
  type Scene,
  story,
  take,
  unsentTake,
} from './story.js'

/** Lives last 1,000 ms: certainly until 950 after the invocation of the issue, and certainly no longer than 1,051. */
const host = { scope: 'host' } as const
const process = { scope: 'process' } as const
const issued = issue(0, 0, 'a')

describe('visibility', () => {
  const of = (...scenes: Scene[]) => judge('visibility', story(host, issued, ...scenes))

  test('holds when every worker finds what any worker issued', () => {
    const check = of(read(1, 10, 'a', 'found'), read(0, 20, 'a', 'found'), take(2, 30, 'a', 'accepted'))
    expect(check).toMatchObject({ verdict: 'valid', attempts: 3, violations: 0, witness: [] })
    expect(check.upperBound).toBeLessThan(1)
    expect(check.evidence).toEqual(['3 looks at live captchas, 2 by another worker'])
  })

  test('is broken by a worker that does not know the captcha', () => {
    const check = of(read(1, 13, 'a', 'unknown'), take(2, 20, 'a', 'unknown'))
    expect(check).toMatchObject({ verdict: 'invalid', attempts: 2, violations: 2, witness: [0, 1] })
    expect(check.site).toBe('ordinary')
    expect(check.evidence[0]).toBe('worker 0 issued a; 12 ms later worker 1 answered unknown to a read')
  })

  test('is broken by another captcha’s answer', () => {
    expect(of(take(1, 10, 'a', 'wrong')).verdict).toBe('invalid')
    expect(of(misguess(1, 10, 'a', 'wrong')).verdict).toBe('valid')
  })

  test('shows what went wrong first', () => {
    const check = of(issue(1, 2, 'b'), read(1, 50, 'a', 'unknown'), read(2, 10, 'b', 'unknown'))
    expect(check.witness).toEqual([1, 3])
  })

  test('cuts ids short', () => {
    const long = 'captcha-number-1'
    const history = story(host, issue(0, 0, long), read(1, 10, long, 'unknown'))
    expect(judge('visibility', history).evidence[0]).toContain('issued captcha-…;')
  })

  test('says nothing of a captcha that a take may have had', () => {
    expect(of(take(0, [5, 15], 'a', 'accepted'), read(1, [10, 12], 'a', 'unknown')).violations).toBe(0)
    expect(of(take(0, [5, 15], 'a', 'none'), read(1, 500, 'a', 'unknown')).violations).toBe(0)
    expect(of(take(0, [5, 15], 'a', 'unavailable'), take(1, 500, 'a', 'unknown')).violations).toBe(0)
    expect(of(pendingTake(0, 5, 'a'), take(1, 500, 'a', 'unknown')).violations).toBe(0)
    expect(of(take(0, 5, 'a', 'wrong', 'x'), take(1, 500, 'a', 'unknown')).violations).toBe(0)
  })

  test('takes no take for an excuse that came later, was refused or never sent, or was told unknown itself', () => {
    expect(of(read(1, 10, 'a', 'unknown'), take(0, 12, 'a', 'accepted')).violations).toBe(1)
    expect(of(take(0, 5, 'a', 'refused'), read(1, 10, 'a', 'unknown')).violations).toBe(1)
    expect(of(unsentTake(0, 5, 'a'), read(1, 10, 'a', 'unknown')).violations).toBe(1)
    expect(of(take(1, [10, 20], 'a', 'unknown'), take(2, [10, 20], 'a', 'unknown')).violations).toBe(2)
  })

  test('asks nothing before the acknowledgement or around the end', () => {
    const slow = issue(0, [0, 100], 'b')
    expect(judge('visibility', story(host, slow, read(1, 50, 'b', 'unknown'))).verdict).toBe('unknown')
    expect(of(read(1, 948, 'a', 'unknown')).violations).toBe(1)
    expect(of(read(1, 949, 'a', 'unknown')).violations).toBe(0)
    expect(of(read(1, [10, 2_000], 'a', 'unknown')).violations).toBe(0)
  })

  test('is not judged by what an issue brought that was never acknowledged', () => {
    const answer503 = of(read(1, 10, 'a', 'unavailable'), read(2, 10, 'a', 'none'))
    expect(answer503).toMatchObject({ verdict: 'unknown', attempts: 0 })
  })

  test('is excused by a crash the claims do not cover, not by one they do', () => {
    const crash = (loses: 'restart' | 'power-loss') => fault('crash', [5, 8], { loses })
    expect(of(crash('power-loss'), read(1, 10, 'a', 'unknown')).violations).toBe(0)
    expect(of(crash('restart'), read(1, 10, 'a', 'unknown'))).toMatchObject({
      violations: 1,
      evidence: [expect.stringContaining(', 2 ms after a-crash was healed'), expect.anything()],
    })
  })

  test('is excused when the crash was announced before the issue and had not been healed', () => {
    const history = story(
      { survives: 'nothing' },
      fault('crash', [0, 50], { loses: 'worker-crash' }),
      issue(0, 10, 'a'),
      read(1, 60, 'a', 'unknown'),
      issue(0, 70, 'b'),
      read(1, 80, 'b', 'found'),
    )
    expect(judge('visibility', history)).toMatchObject({ verdict: 'valid', attempts: 1 })
  })

  test.each(['medium', 'engine', 'clock'] as const)(
    'leaves what meets a fault of the %s to others',
    (of_) => {
      expect(of(fault(of_, [5, 8], { skewMs: 0 }), read(1, 10, 'a', 'unknown')).violations).toBe(0)
    },
  )

  test('is not excused by a worker that stands still', () => {
    expect(of(fault('stop', [5, 8]), read(1, 10, 'a', 'unknown')).violations).toBe(1)
  })

  test('is unknown when no other worker was asked, unless the scope is one process', () => {
    const history = story(process, issued, read(0, 10, 'a', 'found'))
    expect(judge('visibility', history, 'host').verdict).toBe('unknown')
    expect(judge('visibility', history).verdict).toBe('valid')
  })

  test('within a process leaves out what other workers say, but not what they take', () => {
    const foreign = story(process, issued, read(1, 10, 'a', 'unknown'), read(0, 20, 'a', 'found'))
    expect(judge('visibility', foreign)).toMatchObject({ verdict: 'valid', attempts: 1 })
    const shared = story(process, issued, take(1, 10, 'a', 'accepted'), read(0, 20, 'a', 'unknown'))
    expect(judge('visibility', shared).verdict).toBe('unknown')
  })

  test('counts stale reads without judging them', () => {
    const check = of(read(1, 5, 'a', 'found'), take(0, 10, 'a', 'accepted'), read(1, 20, 'a', 'found'))
    expect(check.verdict).toBe('valid')
    expect(check.evidence[1]).toBe('1 stale read after a take, which the contract allows')
  })
})

describe('no-loss', () => {
  const of = (...scenes: Scene[]) => judge('no-loss', story(host, issued, ...scenes))

  test('accounts for every captcha', () => {
    const check = of(
      read(0, 20, 'a', 'found'),
      ...['b', 'c', 'd', 'e', 'f'].map((id) => issue(0, 0, id)),
      take(1, 10, 'b', 'accepted'),
      misguess(1, 10, 'c', 'wrong'),
      take(1, 10, 'd', 'none'),
      read(1, 1_500, 'e', 'unknown'),
    )
    expect(check).toMatchObject({ verdict: 'valid', attempts: 3 })
    expect(check.evidence).toEqual([
      '6 issued = 1 accepted + 1 burnt + 1 still there + 1 in doubt + 1 expired + 1 never looked at',
    ])
  })

  test('is broken by a captcha that was alive and unknown at its last look', () => {
    const check = of(read(1, 10, 'a', 'found'), read(2, 20, 'a', 'unknown'), read(2, 1_500, 'a', 'unknown'))
    expect(check).toMatchObject({ verdict: 'invalid', attempts: 1, violations: 1, witness: [0, 2] })
    expect(check.evidence.at(-1)).toBe('1 issued = 1 lost')
  })

  test('lets a later look find it again, for visibility has judged the earlier', () => {
    expect(of(read(1, 10, 'a', 'unknown'), read(2, 20, 'a', 'found')).verdict).toBe('valid')
  })

  test('lets a fault excuse it', () => {
    const check = of(fault('crash', [5, 8], { loses: 'power-loss' }), read(1, 10, 'a', 'unknown'))
    expect(check).toMatchObject({ verdict: 'unknown', violations: 0 })
    expect(check.evidence.at(-1)).toBe('1 issued = 1 excused by a fault')
  })

  test('is unknown when nothing was issued, or nothing looked at', () => {
    expect(judge('no-loss', story(host)).evidence).toEqual(['nothing was issued'])
    expect(of().evidence[0]).toBe('no captcha got a last look within its life')
  })

  test('within a process asks the issuer', () => {
    const history = story(process, issued, read(0, 10, 'a', 'found'), read(1, 20, 'a', 'unknown'))
    expect(judge('no-loss', history).verdict).toBe('valid')
    expect(judge('no-loss', history, 'host').verdict).toBe('invalid')
  })
})

describe('expiry', () => {
  const late = read(1, 900, 'a', 'found')
  const after = read(1, 1_100, 'a', 'unknown')
  const of = (...scenes: Scene[]) => judge('expiry', story(host, issued, ...scenes))

  test('holds when a captcha is known late in its life and unknown after it', () => {
    expect(of(late, after)).toMatchObject({ verdict: 'valid', attempts: 2 })
  })

  test.each(['found', 'accepted', 'wrong'] as const)('is broken by %s after the end', (result) => {
    const outlived = result === 'found' ? read(2, 1_101, 'a', result) : take(2, 1_101, 'a', result)
    const check = of(late, outlived)
    expect(check).toMatchObject({ verdict: 'invalid', violations: 1, witness: [0, 2] })
    expect(check.evidence[0]).toContain('of a 100 ms after its end')
  })

  test('is broken by an end that came early', () => {
    expect(of(read(1, 900, 'a', 'unknown'), after)).toMatchObject({ verdict: 'invalid', violations: 1 })
    expect(of(read(1, 400, 'a', 'unknown'), after).violations).toBe(0)
  })

  test('leaves room for timers that round', () => {
    expect(of(read(1, 949, 'a', 'unknown'), after).violations).toBe(0)
    expect(of(late, read(1, 1_051, 'a', 'found')).violations).toBe(0)
    expect(of(late, read(1, [900, 1_200], 'a', 'found')).violations).toBe(0)
  })

  test('is excused early by a take, never late', () => {
    expect(of(take(0, 800, 'a', 'accepted'), read(1, 900, 'a', 'unknown'), after).violations).toBe(0)
    expect(of(fault('medium', [0, 2_000]), late, read(1, 1_100, 'a', 'found')).violations).toBe(1)
  })

  test('is as patient as a worker’s clock is wrong, in both directions', () => {
    const ahead = fault('clock', [10, 20], { skewMs: 200 })
    const behind = fault('clock', [30, 40], { skewMs: -100 })
    expect(of(ahead, read(1, 900, 'a', 'unknown'), read(1, 1_150, 'a', 'found')).violations).toBe(0)
    expect(of(ahead, read(1, 740, 'a', 'unknown')).violations).toBe(1)
    expect(of(ahead, read(1, 1_260, 'a', 'found')).violations).toBe(1)
    expect(of(ahead, behind, read(1, 740, 'a', 'unknown'), read(1, 1_300, 'a', 'found')).violations).toBe(0)
    expect(of(ahead, behind, read(1, 1_360, 'a', 'found')).violations).toBe(1)
  })

  test('judges nothing by a clock that is off by nobody knows how much', () => {
    expect(of(fault('clock', [0, 9]), read(1, 5_000, 'a', 'found')).verdict).toBe('unknown')
  })

  test('is unknown unless looked at on both sides of the end', () => {
    expect(of(late).evidence[0]).toBe('no captcha was looked at after its end')
    expect(of(after).evidence[0]).toBe('no captcha was looked at late in its life')
  })
})
