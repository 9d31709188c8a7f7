import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { checkNames } from '../../checkers/check.js'
import { judgeHistory } from '../../checkers/index.js'
import { toHistory } from '../../history.js'
import { claims, play, steps } from './sound-store.js'
import { judge } from './story.js'

const settings = { seed: 20_260_102, numRuns: 400 }

describe('a store that keeps its claims', () => {
  test('is never convicted, wherever the record breaks off', () => {
    fc.assert(
      fc.property(claims, steps, fc.nat({ max: 40 }), (promise, script, dropped) => {
        const lines = play(promise, script)
        for (const kept of [lines, lines.slice(0, Math.max(1, lines.length - dropped))]) {
          const history = toHistory(kept)
          for (const name of checkNames) {
            const { verdict, evidence } = judge(name, history)
            expect({ name, verdict, evidence }).not.toMatchObject({ verdict: 'invalid' })
          }
        }
      }),
      settings,
    )
  })

  test('is not convicted within a process either, when it claims the host', () => {
    fc.assert(
      fc.property(steps, (script) => {
        const lines = play({ scope: 'host', singleUse: true, survives: 'restart' }, script)
        const invalid = judgeHistory(toHistory(lines), 'process').filter(
          ({ verdict }) => verdict === 'invalid',
        )
        expect(invalid).toEqual([])
      }),
      settings,
    )
  })

  test('is not convicted on two hosts, whatever it claims, nor acquitted between them of what it does not', () => {
    const scopes = fc.constantFrom('process' as const, 'host' as const, 'fleet' as const)
    fc.assert(
      fc.property(claims, scopes, steps, (promise, scope, script) => {
        const history = toHistory(play({ ...promise, scope }, script, 2))
        const invalid = judgeHistory(history).filter(({ verdict }) => verdict === 'invalid')
        expect(invalid).toEqual([])
        if (scope === 'fleet') return
        expect(judge('visibility', history, 'fleet').verdict).not.toBe('valid')
        expect(judge('linearizable', history, 'fleet').verdict).not.toBe('valid')
      }),
      settings,
    )
  })

  test('is acquitted of what these histories exercise', () => {
    const attempts = new Map<string, number>()
    for (const [promise, script] of fc.sample(fc.tuple(claims, steps), { seed: 3, numRuns: 100 })) {
      for (const check of judgeHistory(toHistory(play(promise, script)))) {
        const valid = check.verdict === 'valid' ? check.attempts : 0
        attempts.set(check.name, (attempts.get(check.name) ?? 0) + valid)
      }
    }
    const silent = checkNames.filter((name) => attempts.get(name) === 0)
    expect(silent).toEqual(['integrity', 'boundedness'])
  })
})

describe('a store that keeps each captcha in one worker', () => {
  test('is never acquitted of more', () => {
    fc.assert(
      fc.property(steps, (script) => {
        const lines = play({ scope: 'process', singleUse: true, survives: 'power-loss' }, script)
        const history = toHistory(lines)
        expect(judge('visibility', history, 'host').verdict).not.toBe('valid')
        expect(judge('linearizable', history, 'host').verdict).not.toBe('valid')
      }),
      settings,
    )
  })
})
