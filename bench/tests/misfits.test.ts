import { randomUUID } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { packageRoot } from '../paths.js'
import { type Remaining, runIn } from './command.js'
import { processesMarked } from './leftovers.js'
import { breaking, type Misfit, noisy, refused } from './misfits.fixtures.js'

/** What becomes of other people's mistakes, through the command itself. Runs wait more than they work: they go on side by side. */

const bench = join(packageRoot, 'dist/bench/main.js')
const prefix = `misfits-test-${randomUUID()}`
let folder: string
let refusal: Remaining
let breakdown: Remaining
let standstill: Remaining

async function run(misfits: readonly Misfit[], argv: readonly string[]): Promise<Remaining> {
  for (const { name, text } of misfits) await writeFile(join(folder, `${name}.mjs`), text)
  const strategies = misfits.map(({ name }) => `./${name}.mjs`).join(',')
  return runIn({ folder, prefix }, bench, ['--strategies', strategies, ...argv])
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'crossworker-misfits-'))
  const study = ['--only', 'correctness', '--quick', '--captchas', '60', '--races', '10', '--workers', '2']
  const all = Promise.all([
    run(refused, []),
    run([noisy, breaking.open], ['--reference', `./${noisy.name}.mjs`, ...study]),
    run(
      [breaking.take],
      ['--quick', '--budget', '12s', '--workers', '2', '--connections', '4', '--out', 'timed'],
    ),
  ])
  ;[refusal, breakdown, standstill] = await all
}, 120_000)
afterAll(async () => {
  for (const pid of processesMarked(prefix)) process.kill(pid, 'SIGKILL')
  await rm(folder, { recursive: true, force: true, maxRetries: 3 })
})

describe('modules that do not fit', () => {
  test.each(refused.map((misfit) => [misfit.name, misfit] as const))(
    '%s: one line says which member, what was expected and what came',
    (name, { says }) => {
      const lines = refusal.stderr.trimEnd().split('\n')
      const own = lines.filter((line) => line.startsWith(`crossworker: ./${name}.mjs: `))
      expect(own).toHaveLength(1)
      expect(own[0]).toMatch(says)
    },
  )

  test('end the run with 2, before anything is measured, with no stack trace of ours', () => {
    expect([refusal.code, refusal.stdout]).toEqual([2, ''])
    expect(refusal.stderr.trimEnd().split('\n')).toHaveLength(refused.length)
  })

  test('leave no process and no temporary directory', () => {
    expect([refusal.processes, refusal.leftovers]).toEqual([[], []])
  })
})

describe('modules that break down among several workers', () => {
  test('are reported with what they did', () => {
    expect(breakdown.stdout).toMatch(breaking.open.says)
    expect(standstill.stdout).toMatch(breaking.take.says)
  })

  test('one that prints is measured like any other', () => {
    expect(breakdown.stdout).not.toMatch(/^• noisy:/m)
    expect(breakdown.stderr).not.toContain('did not listen')
  })

  test('end the run with 2, with no stack trace of ours', () => {
    expect([breakdown.code, standstill.code]).toEqual([2, 2])
    expect(breakdown.stderr + standstill.stderr).not.toMatch(/^ {4}at /m)
  })

  test('leave no process and no temporary directory', () => {
    for (const { processes, leftovers } of [breakdown, standstill])
      expect([processes, leftovers]).toEqual([[], []])
  })
})
