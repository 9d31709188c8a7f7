import { describe, expect, test } from 'vitest'
import {
  fault,
  gap,
  integrityLine,
  issue,
  issueInVain,
  judge,
  misguess,
  pendingTake,
  read,
  type Scene,
  story,
  take,
  volume,
} from './story.js'

const issued = issue(0, 0, 'a')

describe('integrity', () => {
  const of = (...scenes: Scene[]) => judge('integrity', story({}, ...scenes))

  test('holds when every look at the medium found it sound', () => {
    const check = of(integrityLine(true), integrityLine(true, { underLoad: false }))
    expect(check).toMatchObject({ verdict: 'valid', attempts: 2, violations: 0 })
  })

  test('is broken by one that did not', () => {
    const check = of(integrityLine(true), integrityLine(false, { detail: 'page 3 is torn' }))
    expect(check).toMatchObject({ verdict: 'invalid', attempts: 2, violations: 1 })
    expect(check.evidence[0]).toBe('a.sqlite, under load: page 3 is torn')
  })

  test('is unknown without a look, and says why', () => {
    const check = of(gap('no independent reader here', 'integrity'), gap('something else', 'recovery'))
    expect(check.verdict).toBe('unknown')
    expect(check.evidence).toEqual([
      'no independent reader looked at the medium',
      'no independent reader here',
    ])
  })
})

describe('fail-closed', () => {
  const full = fault('medium', [100, 200], { fault: 'full-disk' })
  const felt = issueInVain(0, 110, 'unavailable')
  const of = (...scenes: Scene[]) => judge('fail-closed', story({}, issued, ...scenes))

  test('holds when a failing medium makes a store right, unavailable or silent', () => {
    const check = of(
      full,
      felt,
      read(1, 120, 'a', 'found'),
      read(1, 130, 'a', 'none'),
      issue(2, 140, 'b'),
      read(3, 150, 'b', 'found'),
      take(1, 160, 'b', 'accepted'),
      take(2, 210, 'b', 'unknown'),
    )
    expect(check).toMatchObject({ verdict: 'valid', violations: 0, attempts: 6 })
    expect(check.evidence).toEqual(['6 answers, 1 of them 503, in full-disk'])
  })

  test('holds no second acceptance against a store that may be replayed', () => {
    const twice = [issued, full, felt, take(1, 120, 'a', 'accepted'), take(2, 130, 'a', 'accepted')]
    expect(judge('fail-closed', story({}, ...twice)).verdict).toBe('invalid')
    const replayable = { singleUse: false } as const
    expect(judge('fail-closed', story(replayable, ...twice)).verdict).toBe('valid')
    const wrongly = [...twice, misguess(3, 140, 'a', 'accepted')]
    expect(judge('fail-closed', story(replayable, ...wrongly)).verdict).toBe('invalid')
  })

  test.each([
    ['an answer nobody planned', take(1, 120, 'a', 'unexpected')],
    ['a captcha that is suddenly unknown', read(1, 120, 'a', 'unknown')],
    ['a captcha that is suddenly another', take(1, 120, 'a', 'wrong')],
    ['a wrong guess accepted', misguess(1, 120, 'a', 'accepted')],
    ['an id nobody issued', take(1, 120, 'b', 'accepted')],
  ])('is broken by %s', (_what, scene) => {
    const check = of(full, felt, scene)
    expect(check).toMatchObject({ verdict: 'invalid', violations: 1 })
    expect(check.evidence[0]).toMatch(/, during full-disk$/)
  })

  test('is broken by a second acceptance', () => {
    const check = of(full, felt, take(1, 50, 'a', 'accepted'), take(2, 120, 'a', 'accepted'))
    expect(check).toMatchObject({ verdict: 'invalid', violations: 1 })
  })

  test('is broken by a captcha that one worker kept to itself, even if nobody was told 503', () => {
    const check = of(full, issue(2, 140, 'b'), read(2, 210, 'b', 'found'), read(1, 220, 'b', 'unknown'))
    expect(check).toMatchObject({ verdict: 'invalid', violations: 1, witness: [2, 4] })
    expect(check.evidence[0]).toBe(
      'worker 2 issued b; 79 ms later worker 1 answered unknown to a read, 20 ms after full-disk was healed',
    )
  })

  test('within a process leaves other workers out', () => {
    const history = story(
      { scope: 'process' },
      full,
      felt,
      issue(2, 140, 'b'),
      read(2, 210, 'b', 'found'),
      read(1, 220, 'b', 'unknown'),
    )
    expect(judge('fail-closed', history).verdict).toBe('valid')
  })

  test('is excused by a take that may have got the captcha', () => {
    expect(of(full, take(0, 105, 'a', 'unavailable'), read(1, 120, 'a', 'unknown')).verdict).toBe('valid')
  })

  test('does not ask for what an engine’s end was allowed to take', () => {
    const engine = (loses: 'restart' | 'power-loss') =>
      of(fault('engine', [100, 200], { loses }), felt, read(1, 120, 'a', 'unknown'))
    expect(engine('restart').verdict).toBe('invalid')
    expect(engine('power-loss').violations).toBe(0)
  })

  test('is broken by a store that answers for an engine that is away', () => {
    const pause = fault('engine', [100, 200], { fault: 'pause-engine' })
    expect(of(pause, felt, take(1, 120, 'a', 'unknown')).verdict).toBe('invalid')
    const kept = of(pause, felt, issue(2, 140, 'b'), read(1, 220, 'b', 'unknown'))
    expect(kept).toMatchObject({ verdict: 'invalid', violations: 1 })
    expect(of(pause, felt, take(1, 120, 'a', 'unavailable'), take(1, 220, 'a', 'unknown')).verdict).toBe(
      'valid',
    )
  })

  test('judges neither the time before nor captchas from then that were looked at afterwards', () => {
    expect(of(full, felt, read(1, 50, 'a', 'unknown'), read(1, 210, 'a', 'unknown')).violations).toBe(0)
    expect(of(full, felt, read(1, 50, 'a', 'unexpected')).violations).toBe(0)
  })

  test('is unknown when the store never felt it', () => {
    const check = of(full, read(1, 120, 'a', 'found'), issueInVain(0, 300, 'unavailable'))
    expect(check.verdict).toBe('unknown')
    expect(check.evidence[0]).toBe('nobody was answered 503: the store did not feel full-disk')
    expect(of(felt).evidence).toEqual(['no fault of a medium or an engine struck'])
  })
})

describe('boundedness', () => {
  const mib = 2 ** 20
  const of = (...scenes: Scene[]) => judge('boundedness', story({}, ...scenes))
  const rounds = (...bytes: readonly number[]) => roundsOf(10_000, bytes)
  const roundsOf = (captchasOfOne: number, bytes: readonly number[]) =>
    (['start', 'full', 'end', 'full', 'end'] as const).flatMap((when, index) => {
      const captchas = Math.ceil(index / 2) * captchasOfOne
      const size = bytes[index]
      return size === undefined ? [] : [volume(when, index, { bytes: size, captchas })]
    })

  test('holds when a database uses its file again', () => {
    const check = of(...rounds(0, 8 * mib, 8 * mib, 9 * mib, 9 * mib))
    expect(check).toMatchObject({ verdict: 'valid', attempts: 2, violations: 0 })
  })

  test('is broken when a second round takes as much again', () => {
    const check = of(...rounds(0, 8 * mib, 8 * mib, 16 * mib, 16 * mib))
    expect(check).toMatchObject({ verdict: 'invalid', violations: 1 })
    expect(check.evidence[0]).toBe(
      'stored bytes: 8,192 KiB more after a second round, of the 8,192 KiB a round takes',
    )
  })

  test('cannot tell the reuse of a file from one round', () => {
    expect(of(...rounds(0, 8 * mib, 8 * mib)).verdict).toBe('unknown')
    expect(of(...rounds(0, 8 * mib, mib)).verdict).toBe('valid')
  })

  test('cannot tell a leak from a log when little was stored', () => {
    const check = of(...rounds(0, mib / 2, mib / 2, mib, mib))
    expect(check.verdict).toBe('unknown')
    expect(check.evidence[0]).toMatch(/too little to tell$/)
  })

  test('forgives a log that has not reached its size', () => {
    const log = [0, 2 * mib, 2 * mib, 4 * mib, 4 * mib]
    expect(of(...roundsOf(1_000, log)).verdict).toBe('unknown')
    expect(of(...roundsOf(10_000, log)).verdict).toBe('invalid')
  })

  test('is broken by files that stay', () => {
    const files = (start: number, end: number) =>
      of(volume('start', 0, { files: start }), volume('end', 9, { files: end, captchas: 100 }))
    expect(files(1, 9).verdict).toBe('valid')
    expect(files(1, 10)).toMatchObject({ verdict: 'invalid', violations: 1 })
    expect(files(1, 10).evidence[0]).toBe('1 files before, 10 after 100 captchas had ended')
  })

  test('is broken by records that stay in the engine, after one round already', () => {
    const records = (end: number) =>
      of(
        volume('start', 0, { records: 2 }),
        volume('full', 1, { records: 302, captchas: 300 }),
        volume('end', 2, { records: end, captchas: 300 }),
      )
    expect(records(2)).toMatchObject({ verdict: 'valid', attempts: 3 })
    expect(records(17).verdict).toBe('valid')
    expect(records(18)).toMatchObject({ verdict: 'invalid', violations: 1 })
    expect(records(302).evidence[0]).toBe('2 records in the engine before, 302 after 300 captchas had ended')
  })

  test('is broken by memory that is never given back', () => {
    const heap = (end: number) =>
      of(
        volume('start', 0, { heapBytes: 10 * mib }),
        volume('full', 1, { heapBytes: 14 * mib, captchas: 10_000 }),
        volume('end', 2, { heapBytes: end, captchas: 10_000 }),
      )
    expect(heap(10.5 * mib).verdict).toBe('valid')
    expect(heap(11.1 * mib).verdict).toBe('unknown')
    expect(heap(14 * mib).verdict).toBe('invalid')
  })

  test('forgives a heap that no captcha is in its noise', () => {
    const check = of(
      volume('start', 0, { heapBytes: 10 * mib }),
      volume('full', 1, { heapBytes: 10 * mib, captchas: 10_000 }),
      volume('end', 2, { heapBytes: 10.2 * mib, captchas: 10_000 }),
    )
    expect(check.verdict).toBe('valid')
  })

  test('is unknown unless measured before and after', () => {
    expect(of(volume('start', 0)).verdict).toBe('unknown')
    expect(of(volume('full', 0), volume('end', 1)).verdict).toBe('unknown')
  })
})

describe('recovery', () => {
  const kill = fault('crash', [100, 200], { fault: 'kill-worker', loses: 'worker-crash' })
  const of = (...scenes: Scene[]) => judge('recovery', story({ ttlMs: 60_000 }, issued, ...scenes))

  test('holds when errors end soon after the heal', () => {
    const check = of(
      kill,
      read(1, [150, 1_350], 'a', 'found'),
      read(2, 400, 'a', 'unavailable'),
      read(2, 1_000, 'a', 'none'),
      read(2, 1_500, 'a', 'found'),
    )
    expect(check).toMatchObject({ verdict: 'valid', attempts: 1, violations: 0 })
    expect(check.evidence).toEqual([
      'after kill-worker: 0.8 s until the last error, longest wait 1.2 s (worker 1)',
    ])
  })

  test('is broken by a worker that fails until the end', () => {
    const failing = [500, 1_000, 1_600].map((atMs) => read(2, atMs, 'a', 'unavailable'))
    const check = of(kill, read(1, 1_700, 'a', 'found'), ...failing)
    expect(check).toMatchObject({ verdict: 'invalid', attempts: 1, violations: 1, witness: [3, 4, 5] })
    expect(check.evidence[0]).toMatch(/^after kill-worker: 1\.4 s until the last error/)
  })

  test('is broken by a worker that fails more than it answers long after the heal', () => {
    const late = (fromMs: number, answers: number) =>
      of(
        kill,
        ...[0, 300, 600].map((ms) => read(2, fromMs + ms, 'a', 'unexpected')),
        ...Array.from({ length: answers }, (_, index) => read(2, 12_000 + index, 'a', 'found')),
        fault('medium', [20_000, Number.POSITIVE_INFINITY]),
      ).verdict
    expect(late(9_600, 1)).toBe('valid')
    expect(late(10_201, 2)).toBe('invalid')
    expect(late(10_201, 3)).toBe('valid')
  })

  test('is not broken by errors that come now and then, however late', () => {
    const answers = Array.from({ length: 40 }, (_, index) =>
      read(2, 10_300 + index * 100, 'a', index % 20 === 19 ? 'unavailable' : 'found'),
    )
    expect(of(kill, ...answers).verdict).toBe('valid')
  })

  test('forgives what the end of the record cut off', () => {
    const cut = [1_500, 1_501, 1_502].map((atMs) => read(2, atMs, 'a', 'none'))
    const open = [500, 1_000, 1_600].map((atMs) => pendingTake(2, atMs, 'a'))
    expect(of(kill, read(2, 300, 'a', 'found'), ...cut).verdict).toBe('valid')
    expect(of(kill, read(2, 300, 'a', 'found'), ...open).verdict).toBe('valid')
  })

  test('does not blame a fault for what fails during the next', () => {
    const next = fault('medium', [400, Number.POSITIVE_INFINITY])
    const failing = [500, 1_000, 1_600, 15_000].map((atMs) => read(2, atMs, 'a', 'unavailable'))
    expect(of(kill, read(2, 300, 'a', 'found'), next, ...failing)).toMatchObject({
      verdict: 'valid',
      attempts: 1,
    })
    const during = fault('medium', [150, Number.POSITIVE_INFINITY])
    expect(of(kill, during, ...failing).verdict).toBe('unknown')
  })

  test('is unknown without a healed fault, or without an answer after one', () => {
    expect(of(read(1, 10, 'a', 'found')).verdict).toBe('unknown')
    expect(of(kill, read(1, 300, 'a', 'none')).verdict).toBe('unknown')
    expect(of(fault('stop', [100, Number.POSITIVE_INFINITY])).verdict).toBe('unknown')
  })
})
