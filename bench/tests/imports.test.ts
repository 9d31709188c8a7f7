import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { packageRoot } from '../paths.js'
import { complaints, importsOf, type Source } from './imports.js'

function sourcesIn(folder: string): readonly Source[] {
  return readdirSync(join(packageRoot, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !/(^|\/)tests\//.test(name))
    .map((name) => ({
      path: `${folder}/${name}`,
      text: readFileSync(join(packageRoot, folder, name), 'utf8'),
    }))
}

const sources = [...sourcesIn('src'), ...sourcesIn('bench')]

const complaintsAbout = (path: string, text: string) => complaints([{ path, text }])

describe('the rooms of this repository', () => {
  test('are all looked at', () => {
    const paths = sources.map(({ path }) => path)
    for (const path of ['src/app.ts', 'src/strategies/memory.ts', 'bench/plan.ts', 'bench/judge/timing.ts'])
      expect(paths).toContain(path)
    expect(sources.flatMap(importsOf).length).toBeGreaterThan(100)
  })

  test('import only what they may, stay pure where they must, and stay short', () => {
    expect(complaints(sources)).toEqual([])
  })
})

describe('imports are found', () => {
  const found = (text: string) => importsOf({ path: 'src/strategies/mine.ts', text })

  test.each([
    ["import fs from 'node:fs'", 'node:fs', 'value'],
    ["import 'node:fs'", 'node:fs', 'value'],
    ['import {\n  a,\n  type B,\n} from "lmdb"', 'npm:lmdb', 'value'],
    ["import type { A } from '../strategy.js'", 'src/strategy.ts', 'type'],
    // Kept when compiled under verbatimModuleSyntax, as an import for its side effects.
    ["import { type A } from '../strategy.js'", 'src/strategy.ts', 'value'],
    ["export { a } from './memory.js'", 'src/strategies/memory.ts', 'value'],
    ["export * from '@scope/library'", 'npm:@scope/library', 'value'],
    ["export type { A } from 'lmdb'", 'npm:lmdb', 'type'],
    ["async function open() { await import('lmdb') }", 'npm:lmdb', 'late'],
    ["const lmdb = await import('lmdb')", 'npm:lmdb', 'value'],
    ["const lmdb = createRequire(import.meta.url)('lmdb')", 'npm:lmdb', 'value'],
    ["function open() { return require('lmdb') }", 'npm:lmdb', 'late'],
  ])('%j', (text, target, kind) => expect(found(text)).toEqual([{ target, kind }]))

  test.each([
    "// import a from 'b'",
    "/* import a from 'b' */",
    "/** `await import('b')` */",
    'export const a = 1',
    "export function from() { return 'x' }",
  ])('not in %j', (text) => expect(found(text)).toEqual([]))
})

describe('the checker bites', () => {
  test.each([
    ['the app', 'src/app.ts', "import { readConfig } from './config.js'"],
    ['the app', 'src/app.ts', "import memory from './strategies/memory.js'"],
    ['the captcha', 'src/captcha.ts', "import { buildApp } from './app.js'"],
    ['a strategy', 'src/strategies/mine.ts', "import { buildApp } from '../app.js'"],
    ['a strategy', 'src/strategies/mine.ts', "import type { Config } from '../config.js'"],
    ['a strategy', 'src/strategies/mine.ts', "import { strategies } from './index.js'"],
    ['a strategy', 'src/strategies/mine.ts', "import lmdb from 'lmdb'"],
    ['a strategy', 'src/strategies/mine.ts', "import { type Db } from 'lmdb'"],
    ['a strategy', 'src/strategies/mine.ts', "const lmdb = await import('lmdb')"],
    ['the contract', 'src/strategy.ts', "import type { Config } from './config.js'"],
    ['the conformance suite', 'src/conformance.ts', "import { loadStrategy } from './load-strategy.js'"],
    ['the conformance suite', 'src/conformance.ts', "import { test } from 'vitest'"],
    ['the registry', 'src/strategies/index.ts', "import { readFile } from 'node:fs'"],
    ['the loader', 'src/load-strategy.ts', "import fastify from 'fastify'"],
    ['the worker', 'src/worker.ts', "import type { Plan } from '../bench/plan.js'"],
    ['the primary', 'src/primary.ts', "import fastify from 'fastify'"],
    ['the plan', 'bench/plan.ts', "import { strategies } from '../src/strategies/index.js'"],
    ['the plan', 'bench/plan.ts', "import type { Config } from '../src/config.js'"],
    ['the plan', 'bench/plan.ts', "import { UsageError } from './options.js'"],
    ['the plan', 'bench/plan.ts', "import { join } from 'node:path'"],
    ['the plan', 'bench/plan.ts', 'const id = Date.now()'],
    ['the topology', 'bench/topology.ts', "import { runPrimary } from '../src/primary.js'"],
    ['the topology', 'bench/topology.ts', "import { type ReadyLine } from '../src/primary.js'"],
    ['the topology', 'bench/topology.ts', "function go() { return import('../src/main.js') }"],
    ['the roster', 'bench/roster.ts', "import { buildApp } from '../src/app.js'"],
    ['the probe', 'bench/probe.ts', "import { readConfig } from '../src/config.js'"],
    ['the load', 'bench/load/generator.ts', "import { idPattern } from '../../src/strategy.js'"],
    ['statistics', 'bench/statistics/random.ts', "import { randomBytes } from 'node:crypto'"],
    ['statistics', 'bench/statistics.ts', 'export const x = Math.random()'],
    ['the judge', 'bench/judge/timing.ts', "import { readFile } from 'node:fs/promises'"],
    ['the judge', 'bench/judge/timing.ts', 'const now = performance.now()'],
    ['the judge', 'bench/judge/timing.ts', 'const now = new Date()'],
    ['the judge', 'bench/judge/timing.ts', "if (process.env.X === 'y') throw 0"],
    ['the judge', 'bench/judge/timing.ts', "import { openRunFolder } from '../run-folder.js'"],
    ['a report', 'bench/report/html.ts', "import type { Plan } from '../plan.js'"],
    ['a report', 'bench/report/html.ts', "import { estimateRatio } from '../statistics.js'"],
    ['a report', 'bench/report/html.ts', "import { Eta } from 'eta'"],
    ['a report', 'bench/report/html.ts', 'const today = new Date()'],
    ['a site', 'bench/correctness/expiry.ts', "import { singleUse } from '../checkers/single-use.js'"],
    ['a site', 'bench/correctness/expiry.ts', "import { loadStrategy } from '../../src/load-strategy.js'"],
    ['a fault', 'bench/faults/restart.ts', "import { judge } from '../judge.js'"],
    ['the record', 'bench/history.ts', 'const now = performance.now()'],
    ['the demo', 'bench/demo.ts', "import { runPrimary } from '../src/primary.js'"],
    ['the demo', 'bench/demo/session.ts', "import { judge } from '../judge.js'"],
    ['its telling', 'bench/demo/telling.ts', 'const now = performance.now()'],
    ['its telling', 'bench/demo/telling.ts', "import { openTalk } from './talk.js'"],
    [
      'a broken store',
      'bench/checkers/mutants/mine.ts',
      "import { normaliseAnswer } from '../../../src/captcha.js'",
    ],
    ['a broken store', 'bench/checkers/mutants/mine.ts', "import lmdb from 'lmdb'"],
    ['a control', 'bench/controls/noop.ts', "import { idPattern } from '../../src/strategy.js'"],
    ['a file of no room', 'src/telemetry.ts', 'export const a = 1'],
    ['a long file', 'bench/plan.ts', 'export {}\n'.repeat(301)],
  ])('%s: %s', (_who, path, text) => {
    const found = complaintsAbout(path, text)
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(path)
  })

  test('a new file of a strategy’s kind is let through when it obeys', () => {
    const text = [
      "import type { Database } from 'lmdb'",
      "import { randomBytes } from 'node:crypto'",
      "import type { Strategy } from '../strategy.js'",
      "import directory from './directory.js'",
      "export default { open: async () => { await import('lmdb') } }",
    ].join('\n')
    expect(complaintsAbout('src/strategies/lmdb.ts', text)).toEqual([])
  })

  test('what a comment says is no import, and a pure file may speak of the clock', () => {
    const text = "// import { readFile } from 'node:fs'\n/** Never Date.now() here. */\nexport const a = 1"
    expect(complaintsAbout('bench/judge/timing.ts', text)).toEqual([])
  })

  test('300 lines are enough for everyone but the conformance suite', () => {
    expect(complaintsAbout('bench/plan.ts', 'export {}\n'.repeat(300))).toEqual([])
    expect(complaintsAbout('src/conformance.ts', 'export {}\n'.repeat(400))).toEqual([])
  })
})
