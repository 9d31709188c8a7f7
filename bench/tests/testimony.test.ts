import { describe, expect, test } from 'vitest'
import type { Claims } from '../../src/strategy.js'
import type { History } from '../history.js'
import { judgeCorrectness } from '../judge/correctness.js'
import { hear, testimonyOf } from '../judge/testimony.js'
import { correctness } from '../report/correctness.js'
import type { CorrectnessResult, Results } from '../results.js'
import { fault, issue, misguess, read, type Scene, story, take } from './checkers/story.js'
import { exampleResults, pairs, slice } from './fixtures.js'

const claims: Claims = { scope: 'host', singleUse: true, survives: 'restart' }

function judged(scenes: readonly Scene[], promise: Claims = claims): CorrectnessResult {
  return judgeCorrectness(promise, {
    slices: [],
    testimony: testimonyOf([hear(story(promise, ...scenes))]),
    workers: 4,
  })
}

function promiseOf({ promises }: CorrectnessResult, claim: string): string | undefined {
  return promises.find((promise) => promise.claim === claim)?.observation
}

const sound = [
  issue(0, 0, 'captcha-1'),
  read(1, 10, 'captcha-1', 'found'),
  take(2, 20, 'captcha-1', 'accepted'),
  issue(1, 30, 'captcha-2'),
  take(2, [40, 44], 'captcha-2', 'accepted'),
  take(3, [41, 45], 'captcha-2', 'unknown'),
  read(0, 50, 'captcha-foreign', 'unknown'),
]

const replayed = [...sound, take(3, 60, 'captcha-1', 'accepted')]

describe('testimony', () => {
  test('of a store that keeps what was exercised leaves the rest unproven', () => {
    const found = judged(sound)
    expect([promiseOf(found, 'scope'), promiseOf(found, 'survives')]).toEqual(['kept', 'unproven'])
    expect(found.verdict).toBe('unknown')
    expect(found.observedScope).toBe('host')
    expect(found.races).toEqual({ forced: 0, overlapping: 0 })
  })

  test('fills the matrix from first takes with the right answer', () => {
    const { matrix, verificationFailures } = judged([
      ...sound,
      issue(3, 70, 'captcha-3'),
      take(0, 80, 'captcha-3', 'unknown'),
    ])
    expect(matrix[0]?.[2]).toEqual({ attempts: 1, failures: 0 })
    expect(matrix[3]?.[0]).toEqual({ attempts: 1, failures: 1 })
    expect(verificationFailures.sameWorker.attempts).toBe(0)
  })

  test('counts a race as overlapping when two of its takes are under way on different workers', () => {
    const race =
      (scene: Scene): Scene =>
      (op) =>
        scene(op).map((line) => (line.kind === 'invoke' ? { ...line, race: 1 } : line))
    const overlapping = [
      issue(0, 0, 'captcha-1'),
      race(take(1, [10, 20], 'captcha-1', 'accepted')),
      race(take(2, [11, 21], 'captcha-1', 'unknown')),
    ]
    expect(judged(overlapping).races).toEqual({ forced: 1, overlapping: 1 })
  })

  test('tells a violation as a timeline, faults among it, and never an answer', () => {
    const { checks } = judged([...replayed, fault('stop', [15, 30], { loses: 'nothing' })])
    const check = checks.find(({ name }) => name === 'single-use')
    expect(check?.verdict).toBe('invalid')
    expect(check?.witness?.map(({ event }) => event)).toEqual([
      'fault: a-stop',
      'take captcha-… with the right answer: accepted',
      'healed: a-stop',
      'take captcha-… with the right answer: accepted',
    ])
    expect(check?.witness?.map(({ atMs }) => atMs)).toEqual([-5, 0, 10, 40])
    expect(JSON.stringify(checks)).not.toContain('SECRET')
  })

  test('convicts of nothing that was not claimed', () => {
    const replayable = judged(replayed, { ...claims, singleUse: false })
    expect(replayable.verdict).not.toBe('invalid')
    expect(promiseOf(replayable, 'singleUse')).toBeUndefined()
    const found = judged(replayed)
    expect([found.verdict, promiseOf(found, 'singleUse')]).toEqual(['invalid', 'broken'])
  })

  test('and the timing study exercise visibility together', () => {
    const found = judgeCorrectness(claims, {
      slices: [slice({ pairs: pairs({ cross: 1 }) })],
      testimony: testimonyOf([hear(story({}, ...sound))]),
      workers: 2,
    })
    const visibility = found.checks.find(({ name }) => name === 'visibility')
    expect(visibility?.verdict).toBe('invalid')
    expect(visibility?.attempts).toBeGreaterThan(40)
    expect(visibility?.violations).toBe(2)
  })
})

describe('testimony of several layouts', () => {
  const of = (history: History, run = {}) => testimonyOf([hear(history)], run)
  const taken = [issue(0, 0, 'captcha-1'), take(2, 10, 'captcha-1', 'unknown')]
  const pair = { issuer: 0, verifier: 2, attempts: 1, failures: 1 }

  test('tells of pairs of workers only where sites are laid out as the run is', () => {
    expect(of(story({}, ...taken)).pairs).toEqual([pair])
    expect(of(story({ hosts: 2 }, ...taken)).pairs).toEqual([])
    expect(of(story({ topology: 'threads' }, ...taken)).pairs).toEqual([])
    expect(of(story({ hosts: 2 }, ...taken), { hosts: 2 }).pairs).toEqual([pair])
    expect(of(story({ topology: 'threads' }, ...taken), { topology: 'threads' }).pairs).toEqual([pair])
  })

  test('sets every rung beside what was claimed of it', () => {
    const { ladder, observedScope, verdict } = judgeCorrectness(claims, {
      slices: [],
      testimony: testimonyOf([hear(story(claims, ...sound)), hear(story({ ...claims, hosts: 2 }, ...taken))]),
      workers: 4,
    })
    expect(ladder).toEqual([
      { rung: 'process', verdict: 'unknown', claimed: true },
      { rung: 'threads', verdict: 'unknown', claimed: true },
      { rung: 'host', verdict: 'valid', claimed: true },
      { rung: 'fleet', verdict: 'invalid', claimed: false },
    ])
    expect([observedScope, verdict]).toEqual(['host', 'unknown'])
  })

  test('of a store that claims no single use claims no rung', () => {
    const { ladder } = judged(sound, { ...claims, scope: 'fleet', singleUse: false })
    expect(ladder.map(({ claimed }) => claimed)).toEqual([false, false, false, false])
  })

  test('and hand-offs climb one ladder: what either saw lost is lost', () => {
    const climbed = judgeCorrectness(claims, {
      slices: [slice({ pairs: pairs({ cross: 1 }) })],
      testimony: testimonyOf([hear(story(claims, ...sound))]),
      workers: 2,
    })
    expect(climbed.ladder[2]).toEqual({ rung: 'host', verdict: 'invalid', claimed: true })
    expect(climbed.observedScope).toBe('none')
  })
})

describe('the correctness section', () => {
  const base = exampleResults()
  const [first] = base.strategies
  if (first === undefined) throw new Error('expected a strategy')
  const resultsOf = (found: CorrectnessResult): Results => ({
    ...base,
    run: { ...base.run, studies: ['correctness'] },
    strategies: [{ ...first, name: 'mine', claims, correctness: found }],
  })

  test('is not there when the study was not run', () => {
    expect(correctness(base)).toBe('')
  })

  test('sets claims beside observations and gives every check a row', () => {
    const text = correctness(resultsOf(judged(sound)))
    expect(text).toContain('| mine | host: ✓ kept |')
    expect(text).toContain('restart: ? unproven')
    for (const { name } of judged(sound).checks) expect(text).toContain(`| ${name} |`)
    expect(text).not.toMatch(/undefined|NaN|Infinity/)
  })

  test('tells what went wrong op by op', () => {
    const wronged = [
      ...sound,
      issue(0, 70, 'captcha-4'),
      misguess(1, 80, 'captcha-4', 'wrong'),
      take(2, 90, 'captcha-4', 'accepted'),
    ]
    const text = correctness(resultsOf(judged(wronged)))
    expect(text).toContain('one-guess: ')
    expect(text).toMatch(/\*\*0\.0 – 1\.0 ms\*\*, worker 1: take captcha-… with a wrong answer: wrong/)
  })
})
