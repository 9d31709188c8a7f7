import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { guideSteps } from '../../scripts/try-package/guide.js'
import { conformance, missingLibrary } from '../../src/conformance.js'
import { parseStrategy } from '../../src/load-strategy.js'
import type { Strategy } from '../../src/strategy.js'
import { testEngines } from '../../src/tests/engines.js'
import { packageRoot } from '../paths.js'

/** The README's guide. `scripts/try-package.ts` follows it from a tarball; here is what needs none. */

const steps = guideSteps(await readFile(join(packageRoot, 'README.md'), 'utf8'))
const { services, lack } = await testEngines(['redis'])
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'crossworker-guide-'))
  await symlink(join(packageRoot, 'node_modules'), join(folder, 'node_modules'))
  for (const step of steps) if (step.kind === 'write') await writeFile(join(folder, step.file), step.text)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function load(file: string): Promise<Strategy> {
  const module = await import(pathToFileURL(join(folder, file)).href)
  return parseStrategy(module.default, file)
}

/** The laws it breaks. */
async function brokenBy(strategy: Strategy): Promise<readonly string[]> {
  const laws = conformance(strategy, { services })
  const runs = laws.map(async (law) => {
    try {
      await law.run()
      return []
    } catch (error) {
      if (missingLibrary(error) !== undefined) throw error
      return [law.name]
    }
  })
  return (await Promise.all(runs)).flat()
}

describe('the guide', () => {
  test('goes from nothing to a store that fails, and to one that does not', () => {
    const runs = steps.flatMap((step) => (step.kind === 'run' ? [step.expectedCode] : []))
    expect(runs).toEqual([0, 0, 0, 1, 1, 1, 0, 0])
    expect(steps.map(({ kind }) => kind)).toContain('replace')
  })

  test('has a first store that one law finds out, and a second that obeys', async () => {
    const law = 'of twenty takes at once exactly one gets the answer'
    expect(await brokenBy(await load('my-store.mjs'))).toEqual([law])
    const fix = steps.find((step) => step.kind === 'replace')
    if (fix?.kind !== 'replace') throw new Error('expected a fix, got none')
    const text = fix.apply(await readFile(join(folder, fix.file), 'utf8'))
    await writeFile(join(folder, 'fixed.mjs'), text)
    expect(await brokenBy(await load('fixed.mjs'))).toEqual([])
  }, 30_000)

  test('has a store over Redis that obeys', async (context) => {
    const strategy = await load('my-redis.mjs')
    const reason = lack(strategy)
    if (reason !== undefined) return context.skip(reason)
    expect(await brokenBy(strategy)).toEqual([])
  }, 30_000)

  test('is refused when a block names no file, or there is none', () => {
    expect(() => guideSteps('# Nothing')).toThrow(/expected a section ### Your own store, got none/)
    expect(() => guideSteps('### Your own store\n```js\nlet a = 1\n```\n')).toThrow(
      /begins with a file's name/,
    )
  })
})
