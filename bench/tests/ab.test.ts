import { execFileSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { buildVersion } from '../ab/build.js'
import { runCommand } from '../ab/command.js'
import { parseResults } from '../judge.js'
import { packageRoot } from '../paths.js'
import type { Plan } from '../plan.js'
import { isAlive } from '../processes.js'
import type { Results } from '../results.js'
import { type End, remainsAfter, start } from './command.js'
import { processesMarked } from './leftovers.js'

/** Two versions compared, as a user does it: in repositories made for it. Nothing here depends on how fast anything is. */

const entry = join(packageRoot, 'dist/bench/ab.js')
const prefix = `ab-test-${randomUUID()}`
/** A machine that is busy with other things takes its time. */
const limitMs = 120_000
const tiny = ['--quick', '--budget', '14s', '--workers', '1', '--connections', '2', '--seed', '5']
let folder: string

beforeAll(async () => {
  if (!existsSync(entry)) throw new Error(`expected ${entry}, got nothing: npm run build makes it`)
  folder = await mkdtemp(join(tmpdir(), 'crossworker-ab-'))
})
afterAll(async () => {
  for (const pid of processesMarked(prefix)) process.kill(pid, 'SIGKILL')
  await rm(folder, { recursive: true, force: true, maxRetries: 3 })
})

interface Made {
  readonly path: string
  git(...args: readonly string[]): string
  write(files: Readonly<Record<string, string>>): Promise<void>
  commit(): void
}

async function makeRepository(name: string, files: Readonly<Record<string, string>>): Promise<Made> {
  const path = join(folder, name)
  await mkdir(path)
  const git = (...args: readonly string[]) => {
    const author = ['-c', 'user.name=Test', '-c', 'user.email=test@example.org']
    return execFileSync('git', [...author, ...args], { cwd: path, encoding: 'utf8', stdio: 'pipe' })
  }
  const made: Made = {
    path,
    git,
    async write(more) {
      for (const [file, text] of Object.entries(more)) {
        await mkdir(dirname(join(path, file)), { recursive: true })
        await writeFile(join(path, file), text)
      }
    },
    commit() {
      git('add', '--all')
      git('commit', '--quiet', '--message', 'A version')
    },
  }
  git('init', '--quiet')
  await made.write(files)
  made.commit()
  return made
}

/** A store that says which version it is by the length of its ids. */
function storeOf(name: string, version: string): string {
  return `const captchas = new Map()
let issued = 0
export default {
  name: '${name}',
  summary: 'A Map.',
  claims: { scope: 'process', singleUse: true, survives: 'nothing' },
  open: () => ({
    issue(answer) {
      const id = '${version}-' + ++issued
      captchas.set(id, answer)
      return id
    },
    read: (id) => captchas.get(id),
    take(id) {
      const answer = captchas.get(id)
      captchas.delete(id)
      return answer
    },
    close() {},
  }),
}
`
}

interface Ran extends End {
  readonly remains: Awaited<ReturnType<typeof remainsAfter>>
  readonly worktrees: string
}

async function compare({ path, git }: Pick<Made, 'path' | 'git'>, ...argv: readonly string[]): Promise<Ran> {
  const command = await start(entry, argv, { cwd: path, folder, prefix })
  const end = await command.ended
  return { ...end, remains: await command.remains(), worktrees: git('worktree', 'list') }
}

const nothing = { processes: [], files: [] }

describe('a repository with a store of its own', () => {
  let repository: Made
  let ran: Ran
  let plan: Plan
  let results: Results

  beforeAll(async () => {
    repository = await makeRepository('own-store', {
      'package.json': JSON.stringify({
        name: 'somebody',
        type: 'module',
        scripts: { build: 'node build.mjs' },
      }),
      'build.mjs': "import { copyFileSync } from 'node:fs'\ncopyFileSync('src.mjs', 'store.mjs')\n",
      'src.mjs': storeOf('store', 'base'),
      '.gitignore': 'store.mjs\nresults\n',
    })
    // Not committed: head all the same.
    await repository.write({ 'store.mjs': storeOf('store', 'head'), 'fresh.mjs': storeOf('fresh', 'head') })
    ran = await compare(repository, '--base', 'HEAD', '--strategies', './store.mjs,./fresh.mjs', ...tiny)
    const [run = ''] = (await readdir(join(repository.path, 'results'))).filter((name) =>
      /-ab-quick$/.test(name),
    )
    const read = (name: string) => readFile(join(repository.path, 'results', run, name), 'utf8')
    plan = JSON.parse(await read('plan.json'))
    results = parseResults(await read('results.json'))
  }, limitMs)

  test('has both versions measured in one run, the base as its commit has it, built', () => {
    expect(plan.experiments[0]?.arms.map(({ name, version }) => [name, version]).toSorted()).toEqual([
      ['fresh', undefined],
      ['noop', undefined],
      ['store', undefined],
      ['store@base', 'base'],
      ['twin', 'base'],
    ])
    expect(ran.stderr).toMatch(/base \w{10} \(HEAD\): checked out\n/)
    expect(ran.stderr).toContain('base: building')
  })

  test('is told which is new, what was compared, and of the uncommitted changes', () => {
    const { comparison } = results
    expect(comparison?.base.commit).toBe(repository.git('rev-parse', 'HEAD').trim())
    expect(comparison?.head.isChanged).toBe(true)
    expect(comparison?.added).toEqual(['fresh'])
    expect(comparison?.pairs.map(({ strategy, failed }) => [strategy, failed])).toEqual([
      ['store', undefined],
    ])
    expect(ran.stdout).toContain('New, and so compared with nothing: fresh.')
    // Speed is nobody's business here: a machine under load may measure too little, or see a difference.
    expect([0, 1, 2]).toContain(ran.code)
  })

  test('keeps no path of the machine in its plan', () => {
    expect(JSON.stringify(plan)).not.toContain(tmpdir())
  })

  test('is left as it was', () => {
    expect(ran.remains).toEqual(nothing)
    expect(ran.worktrees.trim().split('\n')).toHaveLength(1)
    expect(repository.git('status', '--porcelain').trim()).toBe('?? fresh.mjs')
  })
})

describe('what cannot be compared ends with 2 and one line', () => {
  test.each<[string, readonly string[], RegExp]>([
    ['without a base', [], /required option '--base <ref>' not specified/],
    [
      'an unknown commit',
      ['--base', 'nonsense'],
      /--base: expected a commit, branch or tag .* got "nonsense"; in a shallow clone/,
    ],
    ['another study', ['--base', 'HEAD', '--only', 'micro'], /--only: expected timing/],
    [
      'a gate',
      ['--base', 'HEAD', '--fail-on', 'all:take.ratio>2'],
      /--fail-on all:take\.ratio>2: expected --max-slowdown/,
    ],
    [
      'stores of the harness',
      ['--base', 'HEAD^', '--strategies', 'memory'],
      /expected paths to modules of this repository/,
    ],
    [
      'a store that base lacks',
      ['--base', 'HEAD^', '--strategies', './store.mjs'],
      /expected at least one that base HEAD\^ has/,
    ],
    [
      'a base that does not build',
      ['--base', 'HEAD', '--strategies', './store.mjs'],
      /base HEAD does not build: .*no such luck/,
    ],
  ])(
    '%s',
    async (what, argv, expected) => {
      const repository = await makeRepository(what.replaceAll(/\W/g, '-'), { 'readme.md': 'Nothing yet.\n' })
      await repository.write({
        'store.mjs': storeOf('store', 'base'),
        'package.json': JSON.stringify({ scripts: { build: 'echo no such luck; exit 1' } }),
      })
      repository.commit()
      const ran = await compare(repository, ...argv, ...tiny)
      expect([ran.code, ran.stdout]).toEqual([2, ''])
      const complaint = ran.stderr.trimEnd().split('\n').at(-1) ?? ''
      expect(complaint).toMatch(/^crossworker: /)
      expect(complaint).toMatch(expected)
      expect(ran.remains).toEqual(nothing)
      expect(ran.worktrees.trim().split('\n')).toHaveLength(1)
    },
    limitMs,
  )

  test(
    'no repository',
    async () => {
      const path = join(folder, 'no-repository')
      await mkdir(path)
      await writeFile(join(path, 'store.mjs'), storeOf('store', 'head'))
      const ran = await compare(
        { path, git: () => '' },
        '--base',
        'HEAD',
        '--strategies',
        './store.mjs',
        ...tiny,
      )
      expect([ran.code, ran.stdout]).toEqual([2, ''])
      expect(ran.stderr).toMatch(/^crossworker: --base: expected to be run in a git repository, got .*\n$/)
      expect(ran.remains).toEqual(nothing)
    },
    limitMs,
  )
})

describe('a base of the harness itself that is too old', () => {
  let repository: Made
  const server = (headers: string) => `import { createServer } from 'node:http'
const server = createServer((_request, response) => {
  response.writeHead(201, ${headers})
  response.end('{}')
})
process.on('disconnect', () => process.exit())
server.listen(0, '127.0.0.1', () => {
  const { port } = server.address()
  const workers = [{ id: 0, pid: process.pid }]
  console.log(JSON.stringify({ ready: true, instance: 'x', endpoints: ['http://127.0.0.1:' + port], workers }))
})
process.on('SIGTERM', () => process.exit())
`

  beforeAll(async () => {
    const manifest = JSON.parse(await readFile(join(packageRoot, 'package.json'), 'utf8'))
    repository = await makeRepository('harness', {
      'package.json': JSON.stringify({ ...manifest, scripts: {} }),
      '.gitignore': 'node_modules\ndist/bench\nresults\n',
    })
    repository.git('tag', 'without-server')
    const strategies = { 'dist/src/strategies/memory.js': '' }
    await repository.write({ 'dist/src/main.js': server("{ 'x-worker': '0' }"), ...strategies })
    repository.commit()
    repository.git('tag', 'without-headers')
    await cp(join(packageRoot, 'dist'), join(repository.path, 'dist'), { recursive: true })
    await symlink(join(packageRoot, 'node_modules'), join(repository.path, 'node_modules'))
  }, limitMs)

  test.each([
    ['without-server', /too old to be driven: expected its build to make dist\/src\/main\.js/],
    [
      'without-headers',
      /cannot be driven by this version: .*memory: expected x-instance in its answers, got none/,
    ],
  ])(
    '(%s) is told so in one line',
    async (ref, expected) => {
      const own = join(repository.path, 'dist/bench/ab.js')
      const argv = ['--base', ref, '--strategies', 'memory', ...tiny, '--quiet']
      const command = await start(own, argv, { cwd: repository.path, folder, prefix })
      const end = await command.ended
      expect([end.code, end.stdout]).toEqual([2, ''])
      expect(end.stderr).toMatch(expected)
      expect(end.stderr.trimEnd()).not.toContain('\n')
      expect(await command.remains()).toEqual(nothing)
      expect(repository.git('worktree', 'list').trim().split('\n')).toHaveLength(1)
    },
    limitMs,
  )
})

describe('the packages of a base', () => {
  const manifest = { name: 'somebody', type: 'module', dependencies: { beside: 'file:./beside' } }
  const beside = { 'beside/package.json': JSON.stringify({ name: 'beside', version: '1.0.0' }) }

  async function saidOf(name: string, head: Readonly<Record<string, string>>): Promise<string> {
    const repository = await makeRepository(name, {
      ...beside,
      'package.json': JSON.stringify(manifest),
      '.gitignore': 'node_modules\n',
    })
    // Whatever is installed: a base that shares it asks for nothing.
    await repository.write({ 'node_modules/beside/index.js': '', ...head })
    const said: string[] = []
    const root = join(folder, `${name}-base`)
    await cp(repository.path, root, {
      recursive: true,
      filter: (path) => !path.includes('node_modules') && !path.endsWith('.lock'),
    })
    await writeFile(join(root, 'package.json'), JSON.stringify(manifest))
    await buildVersion({
      root,
      head: repository.path,
      signal: AbortSignal.timeout(limitMs),
      say: (line) => void said.push(line),
      started: () => undefined,
    })
    return said.join('\n')
  }

  test('are the working copy’s where both ask for the same', async () => {
    expect(await saidOf('same-packages', {})).toBe(
      'base: asks for the same packages, so the same node_modules',
    )
  })

  test.each([
    ['another manifest', { 'package.json': JSON.stringify({ ...manifest, devDependencies: { more: '1' } }) }],
    ['another lockfile', { 'yarn.lock': '# yarn\n' }],
  ])(
    'are its own where head has %s',
    async (what, head) => {
      expect(await saidOf(what.replaceAll(' ', '-'), head)).toBe(
        'base: installing, it asks for other packages',
      )
    },
    limitMs,
  )
})

describe('a command of the base', () => {
  test('is over when it ends, though a daemon it left holds its pipes', async () => {
    const daemon = `setsid sh -c 'echo $$ >daemon; exec sleep 600' &`
    const script = `${daemon} until [ -s daemon ]; do sleep 0.01; done; cat daemon`
    const pid = await runCommand('sh', ['-c', script], { cwd: folder })
    expect(process.kill(Number(pid), 'SIGKILL')).toBe(true)
  })

  test('takes what it left in its group with it', async () => {
    const pid = await runCommand('sh', ['-c', 'sleep 600 & echo $!'], { cwd: folder })
    await expect.poll(() => isAlive(Number(pid))).toBe(false)
  })

  test('may not take longer than its limit', async () => {
    await expect(runCommand('sleep', ['600'], { cwd: folder, limitMs: 100 })).rejects.toThrow(
      /^sleep 600: expected an end within 0\.1 s, got none$/,
    )
  })
})

describe('a comparison that is interrupted', () => {
  test.each<[string, RegExp, number]>([
    ['while base is built', /base: building/, 1],
    ['while it measures', /warm-up/, 1],
    ['while base is built, twice', /base: building/, 2],
  ])(
    '%s leaves nothing behind',
    async (what, pattern, times) => {
      const repository = await makeRepository(what.replaceAll(/\W/g, '-'), {
        'package.json': JSON.stringify({
          scripts: { build: /built/.test(what) ? 'sleep 600' : 'true' },
        }),
        'store.mjs': storeOf('store', 'base'),
      })
      const argv = [
        '--base',
        'HEAD',
        '--strategies',
        './store.mjs',
        '--quick',
        '--budget',
        '60s',
        '--workers',
        '1',
      ]
      const command = await start(entry, argv, { cwd: repository.path, folder, prefix })
      await command.said(pattern)
      command.child.kill('SIGINT')
      await command.said(/ending/)
      if (times === 2) command.child.kill('SIGINT')
      const end = await command.ended
      if (times === 1) expect([end.code, end.signal]).toEqual([2, null])
      else expect(end.signal).not.toBeNull()
      expect(await remainsAfter(command, limitMs / 2)).toEqual(nothing)
      expect(repository.git('worktree', 'list').trim().split('\n')).toHaveLength(1)
      if (what === 'while it measures') expect(end.stdout).toContain('The run was ended early')
    },
    limitMs,
  )
})
