import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { endingLine } from '../interruption.js'
import { parseResults } from '../judge.js'
import { packageRoot } from '../paths.js'
import { type Command, type End, remainsAfter, start } from './command.js'
import { processesMarked } from './leftovers.js'

/** Ctrl-C as a user presses it. */

const bench = join(packageRoot, 'dist/bench/main.js')
const cli = join(packageRoot, 'dist/bench/cli.js')
const prefix = `interruption-test-${randomUUID()}`
/** A machine that is busy with other things takes its time to start and to end servers. */
const limitMs = 60_000
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'crossworker-interruption-'))
})
afterAll(async () => {
  for (const pid of processesMarked(prefix)) process.kill(pid, 'SIGKILL')
  await rm(folder, { recursive: true, force: true, maxRetries: 3 })
})

function run(out: string, ...argv: readonly string[]): Promise<Command> {
  const usual = ['--strategies', 'memory', '--workers', '2', '--connections', '4', '--out', out]
  return start(bench, [...usual, ...argv], { cwd: folder, folder, prefix })
}

async function read(out: string, name: string): Promise<string> {
  const [run = ''] = (await readdir(join(folder, out))).filter((found) => !found.startsWith('latest'))
  return readFile(join(folder, out, run, name), 'utf8')
}

describe.each<[string, readonly string[], RegExp]>([
  ['the timing study', ['--quick', '--budget', '60s'], /warm-up/],
  ['the correctness study', ['--only', 'correctness'], /correctness · 1\/1 · memory/],
])('Ctrl-C in %s', (study, argv, pattern) => {
  const out = study.replaceAll(' ', '-')
  let command: Command
  let end: End

  beforeAll(async () => {
    command = await run(out, ...argv)
    await command.said(pattern)
    command.child.kill('SIGINT')
    end = await command.ended
  }, 2 * limitMs)

  test('ends the run with 2 and leaves nothing behind', async () => {
    expect([end.code, end.signal]).toEqual([2, null])
    expect(await command.remains()).toEqual({ processes: [], files: [] })
  })

  test('marks its results and every report partial', async () => {
    expect(parseResults(await read(out, 'results.json')).run.partial).toBe(true)
    for (const name of ['report.md', 'summary.md', 'report.html'])
      expect([name, (await read(out, name)).includes('The run was ended early')]).toEqual([name, true])
    expect(end.stdout).toContain('The run was ended early')
  })
})

describe('Ctrl-C twice', () => {
  test(
    'ends the run at once, and nothing is left behind',
    async () => {
      const command = await run('twice', '--quick', '--budget', '60s')
      await command.said(/warm-up/)
      command.child.kill('SIGINT')
      // Two of a kind that are pending together are one.
      await command.said(/ending/)
      command.child.kill('SIGTERM')
      expect((await command.ended).signal).toBe('SIGTERM')
      expect(await remainsAfter(command, limitMs)).toEqual({ processes: [], files: [] })
    },
    2 * limitMs,
  )

  test(
    'ends the faults of the correctness study as well, with what they have stopped and mounted',
    async () => {
      const command = await run('twice-faults', '--only', 'correctness')
      await command.said(/correctness · 1\/1 · memory/)
      command.child.kill('SIGINT')
      await command.said(/ending/)
      command.child.kill('SIGINT')
      expect((await command.ended).signal).toBe('SIGINT')
      expect(await remainsAfter(command, limitMs)).toEqual({ processes: [], files: [] })
    },
    2 * limitMs,
  )
})

test(
  'Ctrl-C before anything is measured ends with 2, and says so',
  async () => {
    const slow = 'await new Promise((resolve) => setTimeout(resolve, 2_000))'
    const claims = "{ scope: 'process', singleUse: true, survives: 'nothing' }"
    await writeFile(
      join(folder, 'slow.mjs'),
      `${slow}\nexport default { name: 'slow', summary: 'Slow.', claims: ${claims}, open: () => ({ close() {} }) }\n`,
    )
    const command = await start(bench, ['--strategies', './slow.mjs', '--out', 'early'], {
      cwd: folder,
      folder,
      prefix,
    })
    // Its own trial is what it waits for, in a process beside it.
    while (processesMarked(prefix).length < 2) await new Promise((resolve) => setTimeout(resolve, 10))
    command.child.kill('SIGINT')
    const end = await command.ended
    expect([end.code, end.stdout]).toEqual([2, ''])
    expect(end.stderr).toBe(`${endingLine}\ncrossworker: ended before anything was measured\n`)
    expect(await command.remains()).toEqual({ processes: [], files: [] })
  },
  limitMs,
)

test(
  'Ctrl-C twice while a module that never yields is tried ends the package’s command, and nothing is left behind',
  async () => {
    const text = "import { writeFileSync } from 'node:fs'\nwriteFileSync('spinning', '')\nfor (;;) {}\n"
    await writeFile(join(folder, 'spinning.mjs'), text)
    const command = await start(cli, ['bench', '--strategies', './spinning.mjs'], {
      cwd: folder,
      folder,
      prefix,
    })
    while (!existsSync(join(folder, 'spinning'))) await new Promise((resolve) => setTimeout(resolve, 10))
    command.child.kill('SIGINT')
    await command.said(/ending/)
    command.child.kill('SIGINT')
    expect((await command.ended).signal).toBe('SIGINT')
    expect(await remainsAfter(command, limitMs)).toEqual({ processes: [], files: [] })
  },
  2 * limitMs,
)
