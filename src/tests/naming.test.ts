import { describe, expect, test } from 'vitest'
import { strategies } from '../strategies/all.js'
import type { Strategy } from '../strategy.js'

type Named = Pick<Strategy, 'name' | 'exhibit'>

/** Why a name misleads whoever chooses by it; `undefined` when it does not. */
function complaint({ name, exhibit }: Named): string | undefined {
  const isNaive = name.split('-').includes('naive')
  if (isNaive && !name.endsWith('-naive')) return 'naive stands at the end of a name'
  if (isNaive && !exhibit) return 'a strategy that is naive is an exhibit'
  return undefined
}

/** By `-naive` in its name or by its sentence as an exhibit. That none of the rest is wrong, the conformance suite and the oracle say. */
describe('a strategy that is wrong on purpose says so', () => {
  for (const strategy of strategies) {
    test(`${strategy.name} does not mislead`, () => {
      expect(complaint(strategy)).toBeUndefined()
      if (strategy.exhibit !== undefined && strategy.claims.singleUse)
        expect(strategy.name).toMatch(/-naive$/)
    })
  }

  test('each name is one name', () => {
    const names = strategies.map(({ name }) => name)
    expect(names).toEqual([...new Set(names)])
  })

  test('the law finds a strategy that hides it', () => {
    expect(complaint({ name: 'redis-naive' })).toMatch(/is an exhibit/)
    expect(complaint({ name: 'naive-redis', exhibit: 'Get, then delete.' })).toMatch(/at the end/)
    expect(complaint({ name: 'redis-naive', exhibit: 'Get, then delete.' })).toBeUndefined()
    expect(complaint({ name: 'redis' })).toBeUndefined()
  })
})
