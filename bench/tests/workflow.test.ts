import { execFile } from 'node:child_process'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exitCodes } from '../exit-code.js'
import { packageRoot } from '../paths.js'
import { formats } from '../report/formats.js'
import { marker } from '../report/summary.js'

/** What can be known of the workflow without GitHub: its commands, run as they stand there. */

const text = await readFile(join(packageRoot, '.github/workflows/bench.yml'), 'utf8')
const lines = text.split('\n')

interface Step {
  readonly name: string
  readonly command: string
}

const indentOf = (line: string) => line.length - line.trimStart().length

/** Every `run:`, with the name above it. */
function stepsIn(): readonly Step[] {
  return lines.flatMap((line, index) => {
    const [, head, rest = ''] = /^(\s*(?:- )?)run: (.*)$/.exec(line) ?? []
    if (head === undefined) return []
    const name = lines.slice(0, index).findLast((above) => /^\s*- /.test(above)) ?? ''
    const told = /name: (.*)/.exec(name)?.[1] ?? rest
    if (rest !== '|') return [{ name: told, command: rest }]
    const following = lines.slice(index + 1)
    const end = following.findIndex((below) => below.trim() !== '' && indentOf(below) <= head.length)
    const body = following.slice(0, end < 0 ? undefined : end)
    const indent = Math.min(...body.filter((below) => below.trim() !== '').map(indentOf))
    return [{ name: told, command: body.map((below) => below.slice(indent)).join('\n') }]
  })
}

const steps = stepsIn()

function commandOf(name: string): string {
  const found = steps.find((step) => step.name === name)
  if (found === undefined) throw new Error(`expected a step ${JSON.stringify(name)}`)
  return found.command
}

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'crossworker-workflow-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

interface End {
  readonly code: number
  readonly stdout: string
}

/** As GitHub runs a step: `bash -e`. */
async function runStep(name: string, env: Readonly<Record<string, string>>, cwd = folder): Promise<End> {
  const file = join(folder, 'step.sh')
  await writeFile(file, commandOf(name))
  return promisify(execFile)('bash', ['-e', file], {
    cwd,
    env: { PATH: process.env.PATH ?? '', ...env },
  }).then(
    ({ stdout }) => ({ code: 0, stdout }),
    (error: { code: number; stdout: string }) => ({ code: error.code, stdout: error.stdout }),
  )
}

describe('the workflow', () => {
  test('has commands that a shell can read', async () => {
    expect(steps.length).toBeGreaterThan(8)
    for (const { name, command } of steps) {
      await writeFile(join(folder, 'step.sh'), command)
      await expect(promisify(execFile)('bash', ['-n', join(folder, 'step.sh')]), name).resolves.toBeDefined()
    }
  })

  test('names no script that package.json has not', async () => {
    const manifest: { scripts: Record<string, string> } = JSON.parse(
      await readFile(join(packageRoot, 'package.json'), 'utf8'),
    )
    const named = steps.flatMap(({ command }) => [
      ...Array.from(command.matchAll(/npm run (?:--if-present )?([\w:-]+)/g), ([, name]) => name),
      ...(/npm test/.test(command) ? ['test'] : []),
    ])
    expect(named.length).toBeGreaterThan(2)
    for (const name of named) expect(Object.keys(manifest.scripts)).toContain(name)
  })

  test('names no file of this repository that is not there', async () => {
    for (const path of ['scripts/services.sh', 'bench/cli.ts'])
      await expect(readFile(join(packageRoot, path), 'utf8')).resolves.toBeDefined()
    expect(await readFile(join(packageRoot, 'bench/cli.ts'), 'utf8')).toMatch(/'ab'.*'bench'/s)
  })

  test('finds in the package what it runs from there', async () => {
    const { files }: { files: readonly string[] } = JSON.parse(
      await readFile(join(packageRoot, 'package.json'), 'utf8'),
    )
    const paths = [...text.matchAll(/node_modules\/crossworker\/(\S+)/g)].map(([, path]) => path)
    expect(new Set(paths)).toEqual(new Set(['scripts/services.sh']))
    expect(files).toContain('scripts/services.sh')
  })

  test('may read, and write comments in the one job that runs nothing of a pull request', () => {
    expect(text).toMatch(/^permissions:\n {2}contents: read\n/m)
    expect(text.match(/: write$/gm)).toEqual([': write'])
    const [, comment = ''] = /\n {2}comment:\n(.*?)\n {2}\w+:\n/s.exec(text) ?? []
    expect(comment).toContain('pull-requests: write')
    expect(comment).not.toMatch(/checkout|npm|node /)
  })

  test('has a limit of time for every job', () => {
    const jobs = text.slice(text.indexOf('\njobs:')).match(/^ {2}\w+:$/gm) ?? []
    expect(text.match(/timeout-minutes: \d+/g)).toHaveLength(jobs.length)
  })

  test('pins every action by a commit, but for the one it gives a reason for', () => {
    for (const [, action = '', version = ''] of text.matchAll(/uses: (\S+)@(\S+)/g))
      if (action !== 'benchmark-action/github-action-benchmark')
        expect([action, version]).toEqual([action, expect.stringMatching(/^[0-9a-f]{40}$/)])
  })

  test('puts nothing of a pull request into a command', () => {
    for (const { name, command } of steps)
      expect([name, command]).not.toEqual([name, expect.stringContaining('${{')])
  })

  test('tests on the versions of Node that are promised', () => expect(text).toContain('node: [20, 22, 24]'))
})

describe('its trend', () => {
  test('is drawn from files that a run writes', () => {
    const asked = [...text.matchAll(/output-file-path: bench-(\S+)/g)].map(([, file]) => file)
    expect(asked).toHaveLength(2)
    for (const file of asked) expect(Object.keys(formats)).toContain(file)
  })

  test('is kept before the run is held to anything', () => {
    const places = ['cache/restore@', 'external-data-json-path', 'cache/save@', 'Hold the run to its claims']
    const found = places.map((place) => text.indexOf(place))
    expect(found).not.toContain(-1)
    expect(found).toEqual(found.toSorted((a, b) => a - b))
    expect(text).toContain("if: always() && hashFiles('bench-trend/*.json') != ''")
  })
})

describe.each(['Hold the pull request to it', 'Hold the run to its claims'])('its step %s', (name) => {
  test.each([
    [exitCodes.kept, 0],
    [exitCodes.broken, 1],
    [exitCodes.unmeasured, 1],
    [exitCodes.undecided, 0],
  ])('turns exit code %i into %i', async (code, expected) => {
    expect(await runStep(name, { CODE: String(code) })).toMatchObject({ code: expected })
  })
})

describe('its comment', () => {
  /** A `gh` that notes what it is asked for, and knows the comments it is given. */
  async function comment(known: string, mayWrite = true): Promise<End & { asked: string }> {
    const place = await mkdtemp(join(folder, 'comment-'))
    await mkdir(join(place, 'bench-results/run'), { recursive: true })
    await writeFile(join(place, 'bench-results/run/summary.md'), `${marker}\n# A report\n`)
    const fake = `#!/bin/bash
echo "$*" >> "${place}/asked"
case $* in
  *--paginate*) printf '%s' '${known}' ;;
  *) exit ${mayWrite ? 0 : 1} ;;
esac
`
    await writeFile(join(place, 'gh'), fake)
    await chmod(join(place, 'gh'), 0o755)
    const env = {
      PATH: `${place}:${process.env.PATH}`,
      COMMENTS: 'repos/a/b/issues/7/comments',
      ALL_COMMENTS: 'repos/a/b/issues/comments',
    }
    const end = await runStep('Write the comment, or write it anew', env, place)
    return { ...end, asked: await readFile(join(place, 'asked'), 'utf8') }
  }

  test('looks for the line that reports begin with', () => {
    expect(commandOf('Write the comment, or write it anew')).toContain(marker)
  })

  test('is written where there is none', async () => {
    const { code, asked } = await comment('')
    expect(code).toBe(0)
    expect(asked).toContain(
      '--method POST repos/a/b/issues/7/comments --field body=@bench-results/run/summary.md',
    )
  })

  test('is written anew where there is one', async () => {
    const { code, asked } = await comment('4711')
    expect(code).toBe(0)
    expect(asked).toContain('--method PATCH repos/a/b/issues/comments/4711')
  })

  test('is let go where the token may not write', async () => {
    const { code, stdout } = await comment('', false)
    expect([code, stdout]).toEqual([0, expect.stringContaining('the report is in the job summary')])
  })
})

describe('its measurement', () => {
  /** Stands for npx: it says what it was asked for, leaves a report and ends as told. */
  async function measure(name: string, code: number, env: Readonly<Record<string, string>> = {}) {
    const place = await mkdtemp(join(folder, 'measure-'))
    const fake = `#!/bin/bash
echo "$*" >> asked
mkdir -p bench-results/run/exports
echo report > bench-results/run/summary.md
exit ${code}
`
    for (const [program, script] of [
      ['npx', fake],
      ['npm', '#!/bin/bash\n'],
    ] as const) {
      await writeFile(join(place, program), script)
      await chmod(join(place, program), 0o755)
    }
    const files = { GITHUB_OUTPUT: join(place, 'output'), GITHUB_STEP_SUMMARY: join(place, 'summary') }
    const end = await runStep(name, { PATH: `${place}:${process.env.PATH}`, ...files, ...env }, place)
    const read = (file: string) => readFile(join(place, file), 'utf8')
    return {
      ...end,
      asked: await read('asked'),
      output: await read('output'),
      summary: await read('summary'),
    }
  }

  test('of a pull request compares it with its base, and keeps the exit code for the gate', async () => {
    const { code, asked, output, summary } = await measure('Measure both versions', 1)
    expect([code, asked.trim()]).toEqual([0, '--no-install crossworker ab --base HEAD^1 --out bench-results'])
    expect(output.split('\n')).toEqual(['code=1', 'reported=true', ''])
    expect(summary).toBe('report\n')
  })

  test('asks for the strategies and the limit of the repository', async () => {
    const { asked } = await measure('Measure both versions', 0, {
      STRATEGIES: './a b.mjs',
      MAX_SLOWDOWN: '10%',
    })
    expect(asked).toContain('--strategies ./a b.mjs --max-slowdown 10%')
  })

  test('on main runs the benchmark', async () => {
    const { code, asked, output } = await measure('Measure', 0, { STRATEGIES: './a.mjs' })
    expect([code, asked.trim()]).toEqual([
      0,
      '--no-install crossworker bench --out bench-results --strategies ./a.mjs',
    ])
    expect(output).toBe('code=0\n')
  })
})
