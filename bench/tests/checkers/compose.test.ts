import { describe, expect, test } from 'vitest'
import { type Check, type CheckName, checkNames } from '../../checkers/check.js'
import { compose, judgeRungs, ladderOf, observedScope } from '../../checkers/compose.js'
import { checkers, guarded, judgeHistory } from '../../checkers/index.js'
import type { History } from '../../history.js'
import { wilson } from '../../statistics.js'
import { fault, issue, read, type Scene, story, take } from './story.js'

function check(name: CheckName, more: Partial<Check> = {}): Check {
  const nothing = { attempts: 0, violations: 0, upperBound: 1, evidence: [], witness: [] }
  return { name, verdict: 'unknown', ...nothing, ...more }
}

const valid = check('expiry', { verdict: 'valid', attempts: 90, evidence: ['all well', 'very well'] })
const invalid = check('expiry', {
  verdict: 'invalid',
  attempts: 10,
  violations: 2,
  evidence: ['a lapse'],
  witness: [3, 4],
  site: 'restart',
})
const unknown = check('expiry', { evidence: ['not tried'] })

describe('several sites of one strategy', () => {
  const expiry = (...checks: readonly Check[]) =>
    compose(checks.map((one) => [one])).find(({ name }) => name === 'expiry')

  test('make one check of each name, in the order of the report', () => {
    expect(compose([[valid], [invalid]]).map(({ name }) => name)).toEqual([...checkNames])
  })

  test('add up, and one violation anywhere decides', () => {
    expect(expiry(unknown, valid, invalid)).toEqual({
      name: 'expiry',
      verdict: 'invalid',
      attempts: 100,
      violations: 2,
      upperBound: wilson(2, 100).high,
      evidence: ['a lapse', 'all well', 'not tried', 'very well'],
      witness: [3, 4],
      site: 'restart',
    })
  })

  test('are valid when one exercised the property', () => {
    expect(expiry(unknown, valid)?.verdict).toBe('valid')
    expect(expiry(unknown, unknown)).toMatchObject({ verdict: 'unknown', evidence: ['not tried'] })
  })

  test('are unknown when there are none', () => {
    expect(expiry()).toMatchObject({ verdict: 'unknown', upperBound: 1, evidence: ['no site was judged'] })
  })

  test('tell five sentences at the most', () => {
    const talkative = check('expiry', { evidence: ['1', '2', '3', '4', '5'] })
    const other = check('expiry', { evidence: ['a', 'b', 'c'] })
    expect(expiry(talkative, other)?.evidence).toEqual(['1', 'a', '2', 'b', '3'])
  })
})

describe('the judge of a history', () => {
  test('runs every checker in the order of the report', () => {
    expect(Object.keys(checkers)).toEqual([...checkNames])
    const checks = judgeHistory(story({}))
    expect(checks.map(({ name }) => name)).toEqual([...checkNames])
    expect(checks.every(({ verdict }) => verdict === 'unknown')).toBe(true)
  })

  test('says unknown where a checker throws', () => {
    const broken = guarded('expiry', () => {
      throw new Error('out of paper')
    })
    expect(broken(story({}))).toEqual(check('expiry', { evidence: ['the checker failed: out of paper'] }))
  })

  test('asks at the scope it is given', () => {
    const history = story({}, issue(0, 0, 'a'), read(1, 10, 'a', 'unknown'))
    const verdictAt = (checks: readonly Check[]) => checks.find(({ name }) => name === 'visibility')?.verdict
    expect(verdictAt(judgeHistory(history))).toBe('invalid')
    expect(verdictAt(judgeHistory(history, 'process'))).toBe('unknown')
  })
})

describe('the observed scope', () => {
  const observed = (...histories: readonly History[]) => observedScope(ladderOf(histories.map(judgeRungs)))
  const raceIn = (worker: number, id: string, results: readonly ['accepted', 'unknown' | 'accepted']) => [
    take(0, [20, 30], id, results[0]),
    take(worker, [20, 30], id, results[1]),
  ]
  const within: readonly Scene[] = [
    issue(0, 0, 'a'),
    read(0, 10, 'a', 'found'),
    ...raceIn(0, 'a', ['accepted', 'unknown']),
  ]
  const across = (found: 'found' | 'unknown'): readonly Scene[] => [
    issue(0, 0, 'b'),
    read(1, 10, 'b', found),
    ...raceIn(1, 'b', ['accepted', 'unknown']),
  ]

  test('is the host when all its workers agree', () => {
    expect(observed(story({}, ...within, ...across('found')))).toBe('host')
  })

  test('is the process when only the issuer knows, whatever was claimed', () => {
    expect(observed(story({}, ...within, ...across('unknown')))).toBe('process')
  })

  test('is none when a captcha is accepted twice in one process', () => {
    const twice = [issue(0, 0, 'c'), ...raceIn(0, 'c', ['accepted', 'accepted'])]
    expect(observed(story({}, ...within), story({}, ...twice))).toBe('none')
  })

  test('is none when nothing was exercised', () => {
    expect(observed()).toBe('none')
    expect(observed(story({}, fault('stop', [0, 1])))).toBe('none')
  })

  test('adds up what several sites show', () => {
    const [looked, raced] = [
      across('found').slice(0, 2),
      [issue(0, 0, 'd'), ...raceIn(1, 'd', ['accepted', 'unknown'])],
    ]
    expect(observed(story({}, ...looked), story({}, ...raced))).toBe('host')
  })

  test('is the fleet when two hosts agree, the host when they do not', () => {
    const fleet = (found: 'found' | 'unknown') => [
      issue(0, 0, 'e'),
      read(2, 10, 'e', found),
      ...raceIn(2, 'e', ['accepted', 'unknown']),
    ]
    const near = story({}, ...within, ...across('found'))
    expect(observed(near, story({ hosts: 2 }, ...fleet('found')))).toBe('fleet')
    expect(observed(near, story({ hosts: 2 }, ...fleet('unknown')))).toBe('host')
  })

  test('passes over threads that nobody ran, not over threads that were wrong', () => {
    const near = story({}, ...within, ...across('found'))
    const threads = (found: 'found' | 'unknown') => story({ topology: 'threads' }, ...across(found))
    expect(observed(near, threads('found'))).toBe('host')
    expect(observed(near, threads('unknown'))).toBe('process')
    expect(observed(threads('found'))).toBe('threads')
  })
})

describe('the ladder', () => {
  const verdicts = (...histories: readonly History[]) =>
    ladderOf(histories.map(judgeRungs)).map(({ rung, verdict }) => `${rung} ${verdict}`)
  const found = (worker: number) => [
    issue(0, 0, 'a'),
    read(worker, 10, 'a', 'found'),
    take(0, [20, 30], 'a', 'accepted'),
    take(worker, [20, 30], 'a', 'unknown'),
  ]

  test('has its four rungs in order, whatever was shown', () => {
    expect(verdicts()).toEqual(['process unknown', 'threads unknown', 'host unknown', 'fleet unknown'])
  })

  test.each([
    ['processes', {}, 1, 'host'],
    ['threads', { topology: 'threads' }, 1, 'threads'],
    ['two hosts', { hosts: 2 }, 2, 'fleet'],
    ['two hosts, on one of them', { hosts: 2 }, 1, 'host'],
    ['two hosts of threads', { topology: 'threads', hosts: 2 }, 2, 'fleet'],
    ['one worker', {}, 0, 'process'],
  ] as const)('of a site of %s shows no rung but its own', (_what, site, worker, rung) => {
    const valid = verdicts(story(site, ...found(worker))).filter((told) => told.endsWith(' valid'))
    expect(valid).toEqual([`${rung} valid`])
  })

  test('is asked at each rung whatever the claims', () => {
    const lost = [issue(0, 0, 'a'), read(1, 10, 'a', 'unknown')]
    const told = verdicts(story({ scope: 'process', singleUse: false }, ...lost))
    expect(told).toEqual(['process unknown', 'threads unknown', 'host invalid', 'fleet unknown'])
  })

  test('needs single use beside visibility', () => {
    const twice = [issue(0, 0, 'b'), take(0, [20, 30], 'b', 'accepted'), take(1, [20, 30], 'b', 'accepted')]
    expect(verdicts(story({}, ...found(1), ...twice))[2]).toBe('host invalid')
    expect(verdicts(story({}, issue(0, 0, 'c'), read(1, 10, 'c', 'found')))[2]).toBe('host unknown')
  })
})
