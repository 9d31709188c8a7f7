import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { isModulePath, loadStrategy, parseStrategy, StrategyError } from '../load-strategy.js'
import { strategies } from '../strategies/all.js'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'crossworker-load-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function moduleOf(name: string, text: string): Promise<string> {
  const path = join(folder, name)
  await writeFile(path, text)
  return path
}

async function refusal(nameOrPath: string): Promise<string> {
  const error = await loadStrategy(nameOrPath).catch((reason: unknown) => reason)
  if (error instanceof StrategyError) return error.message
  throw new Error(`expected a StrategyError, got ${error}`)
}

describe('loadStrategy', () => {
  test('finds every strategy of the registry by its name', async () => {
    for (const strategy of strategies) expect(await loadStrategy(strategy.name)).toBe(strategy)
  })

  test('lists the names when it knows none such', async () => {
    const message = await refusal('hybird')
    for (const { name } of strategies) expect(message).toContain(name)
    expect(message).toContain('got "hybird"')
    expect(message).not.toContain('\n')
  })

  test('imports the default export of a module named by its path', async () => {
    const path = await moduleOf(
      'good.mjs',
      `export default {
        name: 'mine', summary: 'Mine.', open() {},
        claims: { scope: 'host', singleUse: true, survives: 'nothing' },
      }`,
    )
    expect((await loadStrategy(path)).name).toBe('mine')
  })

  test('says that a TypeScript path has to be compiled first', async () => {
    for (const name of ['./mine.ts', './mine.mts', './mine.cts'])
      expect(await refusal(name)).toMatch(/^\.\/mine\.[mc]?ts: .*compile it first and name the \.js file$/)
  })

  test('names the path of a module that is not there, that throws or that has no default export', async () => {
    const throwing = await moduleOf('throws.mjs', "throw new Error('at import')")
    const empty = await moduleOf('empty.mjs', 'export const name = "mine"')
    const missing = join(folder, 'nowhere.mjs')
    expect(await refusal(missing)).toMatch(/^\/.*nowhere\.mjs: could not be imported: /)
    expect(await refusal(throwing)).toMatch(/throws\.mjs: could not be imported: at import$/)
    expect(await refusal(empty)).toMatch(
      /empty\.mjs: expected .* as the default export, got no default among its exports: name$/,
    )
  })
})

describe('a module that a compiler turned into CommonJS', () => {
  test('is taken for what it was', async () => {
    const claims = "claims: { scope: 'host', singleUse: true, survives: 'nothing' }"
    const path = await moduleOf(
      'compiled.cjs',
      `"use strict"\nObject.defineProperty(exports, '__esModule', { value: true })
      exports.default = { name: 'compiled', summary: 'Mine.', open() {}, ${claims} }`,
    )
    expect((await loadStrategy(path)).name).toBe('compiled')
  })

  test('may also be one that was written so', async () => {
    const claims = "claims: { scope: 'host', singleUse: true, survives: 'nothing' }"
    const path = await moduleOf(
      'common.cjs',
      `module.exports = { name: 'common', summary: 'Mine.', open() {}, ${claims} }`,
    )
    expect((await loadStrategy(path)).name).toBe('common')
  })
})

describe('isModulePath', () => {
  test('takes a dot, a slash or a backslash for a path and all else for a name', () => {
    expect(['./a', 'a.mjs', 'dir/a', '..\\a', '/a'].every(isModulePath)).toBe(true)
    expect(strategies.map(({ name }) => name).some(isModulePath)).toBe(false)
  })
})

describe('parseStrategy', () => {
  const claims = { scope: 'host', singleUse: true, survives: 'nothing' }
  const fitting = { name: 'mine', summary: 'Mine.', claims, open: () => undefined }

  test('returns what fits, itself', () => {
    expect(parseStrategy(fitting, 'x.mjs')).toBe(fitting)
  })

  test('accepts every strategy of the registry', () => {
    for (const strategy of strategies) expect(parseStrategy(strategy, 'registry')).toBe(strategy)
  })

  const misfits: readonly (readonly [member: string, misfit: unknown])[] = [
    ['name', { ...fitting, name: 'Mine' }],
    ['name', { ...fitting, name: '' }],
    ['name', { ...fitting, name: 'a'.repeat(41) }],
    ['name', { ...fitting, name: '../etc' }],
    ['summary', { ...fitting, summary: '' }],
    ['summary', { ...fitting, summary: 7 }],
    ['claims', { ...fitting, claims: undefined }],
    ['claims', { ...fitting, claims: null }],
    ['claims.scope', { ...fitting, claims: { ...claims, scope: 'galaxy' } }],
    ['claims.singleUse', { ...fitting, claims: { ...claims, singleUse: 'yes' } }],
    ['claims.survives', { ...fitting, claims: { ...claims, survives: 'anything' } }],
    ['open', { ...fitting, open: undefined }],
    ['host', { ...fitting, host: {} }],
    ['exhibit', { ...fitting, exhibit: true }],
  ]
  for (const [member, misfit] of misfits) {
    test(`names the member that does not fit: ${member}, ${JSON.stringify(misfit).slice(0, 40)}`, () => {
      const parse = () => parseStrategy(misfit, 'x.mjs')
      expect(parse).toThrow(StrategyError)
      expect(parse).toThrow(new RegExp(`^x\\.mjs: ${member.replace('.', '\\.')}: expected .+, got .+$`))
    })
  }

  for (const misfit of [undefined, null, 'a name', () => undefined]) {
    test(`refuses a default export that is no object: ${typeof misfit} ${misfit === null ? 'null' : ''}`, () => {
      expect(() => parseStrategy(misfit, 'x.mjs')).toThrow(/^x\.mjs: expected a strategy as the default exp/)
    })
  }
})

describe('the registry', () => {
  test('names each strategy once', () => {
    const names = strategies.map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
  })
})
