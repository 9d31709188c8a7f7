import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { conformance } from '../../src/conformance.js'
import { parseStrategy } from '../../src/load-strategy.js'
import type { Strategy } from '../../src/strategy.js'
import { newName } from '../init/name.js'
import { packageRoot } from '../paths.js'

const run = promisify(execFile)
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'crossworker-init-'))
})
afterAll(() => rm(folder, { recursive: true, force: true, maxRetries: 3 }))

interface End {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

async function end(command: string, argv: readonly string[], cwd: string): Promise<End> {
  try {
    return { code: 0, ...(await run(command, argv, { cwd })) }
  } catch (error) {
    if (error instanceof Error && 'stdout' in error && 'stderr' in error && 'code' in error)
      return { code: Number(error.code), stdout: String(error.stdout), stderr: String(error.stderr) }
    throw error
  }
}

/** What each law that is asked of the strategy says. */
async function complaintsOf(strategy: Strategy): Promise<readonly string[]> {
  const asked = conformance(strategy).filter(({ skip }) => skip === undefined)
  const runs = asked.map((law) => law.run().then(() => 'kept', String))
  return Promise.all(runs)
}

describe('a name for a new strategy', () => {
  test.each(['my-store', 'a', 'x2-y', 'a'.repeat(40)])('may be %s', (name) =>
    expect(newName(name)).toBe(name),
  )

  test.each([
    ['nothing', undefined, /^expected a name for the strategy, such as my-store, got nothing$/],
    ['a path', '../evil', /without a path or an ending, .* got "..\/evil"$/],
    ['a file', 'mine.mjs', /without a path or an ending/],
    ['an absolute path', '/tmp/x', /without a path/],
    ['another system’s path', 'a\\b', /without a path/],
    ['capitals', 'MyStore', /a name of a-z, 0-9 and single -/],
    ['a leading digit', '2fast', /begins with a letter/],
    ['an option', '--help', /a name of a-z/],
    ['hyphens alone', 'a--b', /single -/],
    ['too much', 'a'.repeat(41), /at most 40/],
    ['another’s', 'memory', /a name that no strategy has yet, got "memory"/],
    ['a control’s', 'noop', /a name other than noop, twin, all, index/],
    ['the registry’s', 'index', /a name other than/],
  ])('may not be %s', (_what, given, expected) => {
    expect(() => newName(given)).toThrow(expected)
  })
})

describe('crossworker init', () => {
  const init = (...argv: string[]) =>
    end(process.execPath, [join(packageRoot, 'dist/bench/init.js'), ...argv], folder)

  test('writes a strategy of the right shape, which says of every law what is to be filled in', async () => {
    const { code, stdout } = await init('my-store')
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/^wrote my-store\.mjs and my-store\.test\.mjs\n.*node --test/s),
    ])
    const module = await import(pathToFileURL(join(folder, 'my-store.mjs')).href)
    const complaints = await complaintsOf(parseStrategy(module.default, 'my-store.mjs'))
    expect(complaints.length).toBeGreaterThan(10)
    for (const complaint of complaints)
      expect(complaint).toMatch(/: my-store is not filled in: (issue: store|read: return|take: remove) /)
  })

  test('refuses a file that is there, and leaves it as it is', async () => {
    await init('twice')
    const before = await readFile(join(folder, 'twice.mjs'), 'utf8')
    const { code, stderr } = await init('twice')
    expect([code, stderr]).toEqual([
      2,
      'crossworker: twice.mjs: expected a file to make, got one that is there already\n',
    ])
    expect(await readFile(join(folder, 'twice.mjs'), 'utf8')).toBe(before)
  })

  test('writes nothing where there is a test of that name', async () => {
    await writeFile(join(folder, 'halfway.test.mjs'), '')
    const { code, stderr } = await init('halfway')
    expect([code, stderr]).toEqual([
      2,
      'crossworker: halfway.test.mjs: expected a file to make, got one that is there already\n',
    ])
    expect(await readdir(folder)).not.toContain('halfway.mjs')
  })

  test('says how it is used', async () => {
    expect(await init('--help')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^usage: /) })
  })

  test('refuses what it does not know, in one line', async () => {
    const { code, stderr } = await init('mine', '--javascript')
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/^crossworker: expected one name, got "--javascript" too; .*\n$/),
    ])
  })

  test('writes TypeScript where it is asked for', async () => {
    await init('typed', '--typescript')
    expect(await readFile(join(folder, 'typed.ts'), 'utf8')).toContain("from 'crossworker/strategy'")
    expect(await readFile(join(folder, 'typed.test.mjs'), 'utf8')).toContain("from './typed.js'")
  })
})

describe('crossworker', () => {
  const cli = (...argv: string[]) =>
    end(process.execPath, [join(packageRoot, 'dist/bench/cli.js'), ...argv], folder)

  test.each([
    [[], /got nothing\n$/],
    [['constructor'], /got "constructor"\n$/],
    [['--bench'], /got "--bench"\n$/],
  ])('says what it has when it is asked for %j', async (argv, expected) => {
    const { code, stderr } = await cli(...argv)
    expect([code, stderr]).toEqual([2, expect.stringMatching(expected)])
    expect(stderr).toMatch(/^crossworker: expected init, ab, bench, demo, report, got/)
  })

  test.each(['--help', '-h'])('lists its programs after %s', async (flag) => {
    const { code, stdout } = await cli(flag)
    expect(code).toBe(0)
    for (const name of ['init', 'bench', 'ab', 'demo', 'report'])
      expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'))
  })

  test.each(['init', 'bench', 'ab', 'demo', 'report'])(
    'hands %s its arguments and its exit code, and is called by its own name there',
    async (name) => {
      const asked = await cli(name, '--help')
      expect([asked.code, asked.stdout]).toEqual([0, expect.stringMatching(/^usage: /i)])
      expect(asked.stdout).not.toContain('npm run')
      expect((await cli(name, '--nonsense', 'x', 'y')).code).toBe(2)
    },
  )
})

describe('npm run new:strategy', () => {
  let copy: string
  const bin = (name: string) => join(packageRoot, 'node_modules/.bin', name)

  beforeAll(async () => {
    copy = join(folder, 'copy')
    for (const name of ['src', 'bench', 'scripts', 'dist', 'package.json', 'tsconfig.json', 'biome.json'])
      await cp(join(packageRoot, name), join(copy, name), { recursive: true })
    await symlink(join(packageRoot, 'node_modules'), join(copy, 'node_modules'))
  }, 30_000)

  test('touches one file and one line, which pass types and lint and take part at once', async () => {
    const files = await readdir(join(copy, 'src'), { recursive: true })
    const registry = join(copy, 'src/strategies/index.ts')
    const lines = (await readFile(registry, 'utf8')).split('\n')
    const made = await end(process.execPath, ['dist/scripts/new-strategy.js', 'quite-new'], copy)
    expect([made.code, made.stderr]).toEqual([0, ''])
    const now = (await readFile(registry, 'utf8')).split('\n')
    expect(now.filter((line) => !lines.includes(line))).toEqual([
      "  'quite-new': () => import('./quite-new.js'),",
    ])
    expect(now).toHaveLength(lines.length + 1)
    const filesNow = await readdir(join(copy, 'src'), { recursive: true })
    expect(filesNow.filter((file) => !files.includes(file))).toEqual([join('strategies', 'quite-new.ts')])

    expect(await end(bin('tsc'), ['-p', 'tsconfig.json'], copy)).toMatchObject({ code: 0, stdout: '' })
    const lint = ['check', '--vcs-enabled=false', '--error-on-warnings', 'src/strategies']
    expect(await end(bin('biome'), lint, copy)).toMatchObject({ code: 0 })

    const { strategies } = await import(pathToFileURL(join(copy, 'dist/src/strategies/all.js')).href)
    const strategy = strategies.at(-1)
    expect(strategy.name).toBe('quite-new')
    for (const complaint of await complaintsOf(strategy))
      expect(complaint).toMatch(/quite-new is not filled in: /)
  }, 60_000)

  test('refuses a second of the same name', async () => {
    const { code, stderr } = await end(process.execPath, ['dist/scripts/new-strategy.js', 'quite-new'], copy)
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^crossworker: .*"?quite-new"?.*\n$/)])
  })
})
