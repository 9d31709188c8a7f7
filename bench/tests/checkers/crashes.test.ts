import { describe, expect, test } from 'vitest'
import {
  fault,
  issue,
  issueInVain,
  judge,
  misguess,
  missedFault,
  read,
  type Scene,
  story,
  sync,
  take,
} from './story.js'

const issued = issue(0, 0, 'a')
const restart = fault('crash', [100, 200], { fault: 'restart', loses: 'restart' })
const powerLoss = { survives: 'power-loss' } as const
const workerCrash = { survives: 'worker-crash' } as const

describe('durability', () => {
  const of = (...scenes: Scene[]) => judge('durability', story({}, issued, ...scenes))

  test('holds when what was acknowledged before a restart is found after it', () => {
    const check = of(restart, read(1, 210, 'a', 'found'), read(1, 220, 'a', 'found'))
    expect(check).toMatchObject({ verdict: 'valid', attempts: 1, violations: 0 })
  })

  test('is broken when the first look after it misses', () => {
    const check = of(restart, read(1, 210, 'a', 'unknown'), read(2, 220, 'a', 'found'))
    expect(check).toMatchObject({ verdict: 'invalid', attempts: 1, violations: 1, witness: [0, 2] })
    expect(check.evidence[0]).toBe(
      'worker 0 issued a; 209 ms later worker 1 answered unknown to a read, 10 ms after restart was healed',
    )
    expect(of(restart, take(1, 210, 'a', 'wrong')).verdict).toBe('invalid')
  })

  test('counts only crashes that take something away', () => {
    const harmless = fault('crash', [100, 200], { loses: 'nothing' })
    expect(of(harmless, read(1, 210, 'a', 'unknown')).attempts).toBe(0)
  })

  test('judges no look that was sent before the heal', () => {
    expect(of(restart, read(1, [190, 205], 'a', 'unknown')).attempts).toBe(0)
  })

  test('waits for an answer', () => {
    const check = of(restart, read(1, 205, 'a', 'unavailable'), read(1, 210, 'a', 'found'))
    expect(check).toMatchObject({ verdict: 'valid', attempts: 1 })
  })

  test('asks nothing for what was taken, in doubt, over, or not yet acknowledged', () => {
    expect(of(take(0, 50, 'a', 'accepted'), restart, read(1, 210, 'a', 'unknown')).verdict).toBe('unknown')
    expect(of(take(0, 99, 'a', 'none'), restart, read(1, 210, 'a', 'unknown')).verdict).toBe('unknown')
    expect(of(restart, read(1, 1_000, 'a', 'unknown')).verdict).toBe('unknown')
    const slow = story({}, issue(0, [90, 110], 'b'), restart, read(1, 210, 'b', 'unknown'))
    expect(judge('durability', slow).verdict).toBe('unknown')
  })

  test('does not hold a crash against claims that stop short of it', () => {
    const history = story(workerCrash, issued, restart, read(1, 210, 'a', 'unknown'))
    expect(judge('durability', history)).toMatchObject({ verdict: 'unknown', violations: 0 })
    const both = fault('crash', [120, 130], { loses: 'power-loss' })
    expect(of(restart, both, read(1, 210, 'a', 'unknown')).violations).toBe(0)
  })

  test('is unknown while the crash it claims to survive has not struck', () => {
    const lesser = fault('crash', [100, 200], { loses: 'worker-crash' })
    const check = of(lesser, missedFault('crash', { fault: 'restart' }), read(1, 210, 'a', 'found'))
    expect(check.verdict).toBe('unknown')
    expect(check.evidence[0]).toBe(
      'it claims to survive restart, and no restart struck and was healed; restart: no tool',
    )
    expect(of(fault('crash', [100, Number.POSITIVE_INFINITY], { loses: 'restart' })).verdict).toBe('unknown')
  })

  test('but convicts by a lesser crash, which is claimed as well', () => {
    const lesser = fault('crash', [100, 200], { loses: 'worker-crash' })
    expect(of(lesser, read(1, 210, 'a', 'unknown')).verdict).toBe('invalid')
  })

  test('is unknown where nothing is claimed', () => {
    const history = story({ survives: 'nothing' }, issued, restart, read(1, 210, 'a', 'unknown'))
    const nothing = { verdict: 'unknown', attempts: 0, evidence: ['nothing is claimed'] }
    expect(judge('durability', history)).toMatchObject(nothing)
    expect(judge('no-resurrection', history)).toMatchObject(nothing)
  })

  test('needs synced acknowledgements where a loss of power is claimed', () => {
    const asked = [issued, restart, read(1, 210, 'a', 'found')]
    const timed = (...scenes: Scene[]) => judge('durability', story(powerLoss, ...asked, ...scenes))
    expect(timed().evidence[0]).toBe('no issue was timed against delayed syncs')
    expect(timed(sync('take', 100)).verdict).toBe('unknown')
    expect(timed(sync('issue', 91))).toMatchObject({ verdict: 'valid', attempts: 2 })
    const early = timed(sync('issue', 101), sync('issue', 5))
    expect(early).toMatchObject({ verdict: 'invalid', attempts: 3, violations: 1, witness: [] })
    expect(early.evidence[0]).toBe('one issue was acknowledged after 5 ms, with every sync delayed by 100 ms')
  })

  test('only mentions syncs to those who claim less', () => {
    const check = of(restart, read(1, 210, 'a', 'found'), sync('issue', 5))
    expect(check).toMatchObject({ verdict: 'valid', attempts: 1 })
    expect(check.evidence[1]).toBe('1 acknowledgement out of 1 came before the sync')
  })

  test('counts an engine that was stopped as a crash, and its end excuses nobody', () => {
    const stop = fault('engine', [100, 200], { fault: 'stop-engine', loses: 'restart' })
    expect(of(stop, read(1, 210, 'a', 'found'))).toMatchObject({ verdict: 'valid', attempts: 1 })
    const lost = of(stop, read(1, 210, 'a', 'unknown'))
    expect(lost).toMatchObject({ verdict: 'invalid', attempts: 1, violations: 1, witness: [0, 2] })
    expect(lost.evidence[0]).toMatch(/10 ms after stop-engine was healed$/)
  })

  test('is not put off by an engine that only stood still between', () => {
    const pause = fault('engine', [250, 300], { fault: 'pause-engine' })
    expect(of(restart, pause, read(1, 310, 'a', 'unknown')).verdict).toBe('invalid')
    expect(of(restart, pause, read(1, 310, 'a', 'found')).verdict).toBe('valid')
    expect(of(pause, read(1, 310, 'a', 'unknown')).attempts).toBe(0)
  })

  test('holds no engine’s end against claims that stop short of it, and asks nothing across it', () => {
    const stop = fault('engine', [100, 200], { loses: 'restart' })
    const history = story(workerCrash, issued, stop, read(1, 210, 'a', 'unknown'))
    expect(judge('durability', history)).toMatchObject({ verdict: 'unknown', violations: 0 })
    const killed = fault('engine', [120, 130], { loses: 'power-loss' })
    expect(of(stop, killed, read(1, 210, 'a', 'unknown')).violations).toBe(0)
    expect(of(killed, read(1, 210, 'a', 'unknown')).attempts).toBe(0)
  })

  test('asks nothing for what a take that was in vain meanwhile may have got', () => {
    const stop = fault('engine', [100, 200], { loses: 'restart' })
    const asked = [take(2, 150, 'a', 'unavailable'), read(1, 210, 'a', 'unknown')]
    expect(of(stop, ...asked)).toMatchObject({ verdict: 'unknown', attempts: 0 })
  })

  test('says which engine could not be stopped', () => {
    const missed = missedFault('engine', { fault: 'stop-engine', reason: 'it is not ours' })
    expect(of(missed, read(1, 210, 'a', 'found')).evidence[0]).toMatch(/; stop-engine: it is not ours$/)
  })

  test('within a process asks the issuer', () => {
    const crash = fault('crash', [100, 200], { loses: 'worker-crash', workers: [0] })
    const told = (worker: number) =>
      judge(
        'durability',
        story({ ...workerCrash, scope: 'process' }, issued, crash, read(worker, 210, 'a', 'unknown')),
      )
    expect(told(0).verdict).toBe('invalid')
    expect(told(1).verdict).toBe('unknown')
  })

  test('looks once at a captcha that outlived two crashes', () => {
    const again = fault('crash', [300, 400], { loses: 'restart' })
    expect(of(restart, again, read(1, 410, 'a', 'found')).attempts).toBe(1)
    expect(of(restart, read(1, 210, 'a', 'found'), again, read(1, 410, 'a', 'found')).attempts).toBe(2)
  })

  test('is unknown when nothing issued before it was looked at after it', () => {
    expect(of(restart, issueInVain(0, 5, 'unavailable')).evidence[0]).toBe(
      'no captcha was looked at on both sides of a crash',
    )
  })
})

describe('no-resurrection', () => {
  const of = (...scenes: Scene[]) => judge('no-resurrection', story({}, issued, ...scenes))
  const taken = take(1, 10, 'a', 'accepted')

  test('holds when what was taken stays taken', () => {
    expect(of(taken, restart, take(2, 210, 'a', 'unknown'))).toMatchObject({ verdict: 'valid', attempts: 1 })
    expect(of(misguess(1, 10, 'a', 'wrong'), restart, take(2, 210, 'a', 'unknown')).verdict).toBe('valid')
  })

  test.each([
    ['accepted again', take(2, 210, 'a', 'accepted')],
    ['burnt again', misguess(2, 210, 'a', 'wrong')],
    ['found by a process that was not there when it was taken', read(2, 210, 'a', 'found')],
  ])('is broken when it is %s', (_what, scene) => {
    const check = of(taken, restart, scene)
    expect(check).toMatchObject({ verdict: 'invalid', attempts: 1, violations: 1, witness: [1, 3] })
    expect(check.evidence[0]).toMatch(/^worker 1 answered accepted to a take of a; 199 ms later worker 2/)
  })

  test('lets the memory of a worker that lived on be stale', () => {
    const crash = fault('crash', [100, 200], { loses: 'worker-crash', workers: [1] })
    const history = story(workerCrash, issued, taken, crash, read(2, 210, 'a', 'found'))
    expect(judge('no-resurrection', history)).toMatchObject({ verdict: 'unknown', violations: 0 })
    const oneOfMany = fault('crash', [100, 200], { loses: 'restart', workers: [1] })
    expect(of(taken, oneOfMany, read(2, 210, 'a', 'found')).violations).toBe(0)
    const tried = story(workerCrash, issued, taken, crash, take(2, 210, 'a', 'accepted'))
    expect(judge('no-resurrection', tried).verdict).toBe('invalid')
  })

  test('counts an engine that was stopped as a crash', () => {
    const stop = fault('engine', [100, 200], { fault: 'stop-engine', loses: 'restart' })
    expect(of(taken, stop, take(2, 210, 'a', 'unknown'))).toMatchObject({ verdict: 'valid', attempts: 1 })
    const risen = of(taken, stop, take(2, 210, 'a', 'accepted'))
    expect(risen).toMatchObject({ verdict: 'invalid', attempts: 1, violations: 1, witness: [1, 3] })
    expect(risen.evidence[0]).toMatch(/10 ms after stop-engine was healed$/)
  })

  test('lets workers that outlived their engine read from memory', () => {
    const stop = fault('engine', [100, 200], { loses: 'restart' })
    expect(of(taken, stop, read(2, 210, 'a', 'found'))).toMatchObject({ verdict: 'unknown', violations: 0 })
  })

  test('is excused by an engine’s end beyond the claims', () => {
    const stop = fault('engine', [100, 200], { loses: 'restart' })
    const killed = fault('engine', [50, 60], { loses: 'power-loss' })
    expect(of(taken, killed, stop, take(2, 210, 'a', 'accepted')).violations).toBe(0)
    const pause = fault('engine', [50, 60])
    expect(of(taken, pause, stop, take(2, 210, 'a', 'accepted')).violations).toBe(1)
    expect(of(taken, pause, take(2, 210, 'a', 'accepted')).attempts).toBe(0)
  })

  test('asks nothing for a take that nobody saw acknowledged before the crash', () => {
    expect(of(take(1, 10, 'a', 'none'), restart, take(2, 210, 'a', 'accepted')).violations).toBe(0)
    expect(of(take(1, [10, 150], 'a', 'accepted'), restart, take(2, 210, 'a', 'accepted')).violations).toBe(0)
  })

  test('is excused by a crash beyond the claims', () => {
    const worse = fault('crash', [50, 60], { loses: 'power-loss' })
    expect(of(taken, worse, restart, take(2, 210, 'a', 'accepted')).violations).toBe(0)
  })

  test('is unknown when nothing taken was tried again within its life', () => {
    expect(of(taken, restart, take(2, 1_500, 'a', 'unknown')).verdict).toBe('unknown')
    expect(of(taken, restart).evidence).toEqual(['no taken captcha was tried again after a crash'])
    expect(of(taken, take(2, 210, 'a', 'unknown')).evidence[0]).toMatch(/no restart struck/)
  })

  test('needs synced takes where a loss of power is claimed', () => {
    const asked = [issued, taken, restart, take(2, 210, 'a', 'unknown')]
    const timed = (...scenes: Scene[]) => judge('no-resurrection', story(powerLoss, ...asked, ...scenes))
    expect(timed(sync('issue', 100)).verdict).toBe('unknown')
    expect(timed(sync('take', 100)).verdict).toBe('valid')
    expect(timed(sync('take', 0)).verdict).toBe('invalid')
  })

  test('within a process asks the issuer', () => {
    const crash = fault('crash', [100, 200], { loses: 'worker-crash' })
    const told = (worker: number) =>
      judge(
        'no-resurrection',
        story(
          { ...workerCrash, scope: 'process' },
          issued,
          take(0, 10, 'a', 'accepted'),
          crash,
          take(worker, 210, 'a', 'accepted'),
        ),
      )
    expect(told(0).verdict).toBe('invalid')
    expect(told(1).verdict).toBe('unknown')
  })
})
