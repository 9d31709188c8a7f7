import { readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { conformance, withRig } from '../../src/conformance.js'
import type { Strategy } from '../../src/strategy.js'
import { checkNames } from '../checkers/check.js'
import { mutants, sound } from '../checkers/mutants/index.js'
import { packageRoot } from '../paths.js'
import { meansFor, strategyOf } from './mutants.js'

const minute = 60_000
const folder = 'bench/checkers/mutants'
const subjects = [...mutants, ...sound]
const { services, unavailable } = await meansFor(subjects)

function modulesIn(path: string): readonly string[] {
  return readdirSync(join(packageRoot, path))
    .filter((name) => name.endsWith('.ts') && name !== 'index.ts')
    .map((name) => `dist/${path}/${name.replace(/\.ts$/, '.js')}`)
    .sort()
}

describe('the table', () => {
  test('lists every file of the folder and nothing else', () => {
    expect(mutants.map(({ file }) => file).sort()).toEqual(modulesIn(folder))
    expect(sound.map(({ file }) => file).sort()).toEqual(modulesIn(`${folder}/sound`))
  })

  test('is large enough, and names each store once and no check that does not exist', () => {
    expect(mutants.length).toBeGreaterThanOrEqual(26)
    expect(sound.length).toBeGreaterThanOrEqual(4)
    expect(new Set(subjects.map(({ name }) => name)).size).toBe(subjects.length)
    for (const { caughtBy } of mutants) expect(checkNames).toContain(caughtBy)
  })

  test('leaves no check untried but the one that the others imply', () => {
    const tried = new Set(mutants.map(({ caughtBy }) => caughtBy))
    expect(checkNames.filter((name) => !tried.has(name))).toEqual(['linearizable'])
  })

  test.each(subjects)('has in $name a store that promises much and excuses nothing', ({ name, file }) => {
    const { claims, exhibit, summary, ...strategy } = strategyOf(name)
    expect([strategy.name, `${name}.js`]).toEqual([name, basename(file)])
    expect([claims.scope, claims.singleUse, exhibit]).toEqual(['host', true, undefined])
    expect(summary).not.toMatch(/mutant|mistake|broken/i)
  })
})

describe('with one worker each does its work', () => {
  for (const { name } of mutants)
    test(name, async ({ skip }) => {
      const reason = unavailable.get(name)
      if (reason !== undefined) skip(reason)
      await withRig(retrying(strategyOf(name)), { services }, async (rig) => {
        const store = await rig.open(0)
        for (const answer of ['K7QX2M', 'PUMP4T']) {
          const id = await store.issue(answer, minute)
          expect([await store.read(id), await store.take(id)]).toEqual([answer, answer])
        }
      })
    })
})

for (const { name } of sound) {
  describe.skipIf(unavailable.has(name))(`the sound ${name}`, () => {
    const laws = conformance(retrying(strategyOf(name))).filter(({ skip }) => skip === undefined)
    for (const law of laws) test(law.name, () => law.run())
  })
}

const planned = /has done nothing|not installed/

/** What failed as planned has done nothing and may be asked again. */
function retrying(strategy: Strategy): Strategy {
  async function again<T>(act: () => T | Promise<T>): Promise<T> {
    try {
      return await act()
    } catch (error) {
      if (error instanceof Error && planned.test(error.message)) return again(act)
      throw error
    }
  }
  return {
    ...strategy,
    async open(worker) {
      const store = await strategy.open(worker)
      return {
        issue: (answer, ttlMs) => again(() => store.issue(answer, ttlMs)),
        read: (id) => again(() => store.read(id)),
        take: (id) => again(() => store.take(id)),
        close: () => store.close(),
      }
    },
  }
}

test('the store that fails at times throws before it does anything', () =>
  withRig(strategyOf('fails-at-times'), {}, async (rig) => {
    const store = await rig.open(0)
    const id = await store.issue('K7QX2M', minute)
    for (let call = 2; call < 20; call += 1) await store.read(id)
    expect(() => store.take(id)).toThrow(planned)
    expect(await store.take(id)).toBe('K7QX2M')
  }))
