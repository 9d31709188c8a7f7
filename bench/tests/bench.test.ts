import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exitCodeOf } from '../exit-code.js'
import { parseGate } from '../gates.js'
import { parseResults } from '../judge.js'
import { packageRoot } from '../paths.js'
import type { Results } from '../results.js'
import { type Remaining, runIn } from './command.js'
import { exampleResults, strategyOf } from './fixtures.js'
import { processesMarked } from './leftovers.js'

/** The command as a user runs it. Runs are dear: each is made once and looked at by several tests. */

const bench = join(packageRoot, 'dist/bench/main.js')
const rereport = join(packageRoot, 'dist/bench/rereport.js')
const prefix = `bench-test-${randomUUID()}`
let folder: string
/** The longest run but one goes on beside the short commands. */
let breaking: Promise<Measured>

function runToEnd(entry: string, argv: readonly string[]): Promise<Remaining> {
  return runIn({ folder, prefix }, entry, argv)
}

async function onlyRunIn(out: string): Promise<string> {
  const [name, ...more] = (await readdir(out)).filter((found) => !found.startsWith('latest'))
  if (name === undefined || more.length > 0) throw new Error(`expected one run in ${out}`)
  return join(out, name)
}

interface Measured {
  readonly end: Remaining
  readonly path: string
  readonly results: Results
}

/** Servers that take longer to start than the budget allows leave nothing to look at: a busy machine gets a second chance. */
async function runUntilMeasured(
  name: string,
  argv: readonly string[],
  isEnough: (results: Results) => boolean = () => true,
): Promise<Measured> {
  for (const budget of ['14s', '40s']) {
    const out = `${name}-${budget}`
    const rest = ['--connections', '4', '--budget', budget, '--quick', '--seed', '7', '--out', out]
    const end = await runToEnd(bench, [...argv, ...rest])
    const path = await onlyRunIn(join(folder, out))
    const results = await resultsIn(path)
    if (results.run.blocks > 0 && isEnough(results)) return { end, path, results }
  }
  throw new Error('expected a run of 40 s to measure something')
}

function hasHandedOver({ strategies }: Results): boolean {
  return strategies.every(
    ({ correctness }) => (correctness?.verificationFailures.crossWorker.attempts ?? 0) > 10,
  )
}

async function resultsIn(path: string): Promise<Results> {
  return parseResults(await readFile(join(path, 'results.json'), 'utf8'))
}

async function writeModule(name: string, members: string): Promise<string> {
  const claims = "{ scope: 'process', singleUse: true, survives: 'nothing' }"
  const text = `export default { name: '${name}', summary: 'A test.', claims: ${claims}, ${members} }\n`
  await writeFile(join(folder, `${name}.mjs`), text)
  return `./${name}.mjs`
}

/** A run of another machine. */
function elsewhere(): Results {
  const found = exampleResults()
  return { ...found, environment: { ...found.environment, cpu: 'Another processor' } }
}

beforeAll(async () => {
  if (!existsSync(bench)) throw new Error(`expected ${bench}, got nothing: npm run build makes it`)
  folder = await mkdtemp(join(tmpdir(), 'crossworker-bench-'))
  // The first worker to take its 60th captcha ends, and from then on no store opens.
  const members = `async open({ dataDir }) {
    const { existsSync, writeFileSync } = await import('node:fs')
    const broken = dataDir + '/broken'
    if (existsSync(broken)) throw new Error('broken for good')
    let [issued, taken] = [0, 0]
    return {
      issue: (answer) => (++issued) + '-' + answer,
      read: (id) => id.split('-')[1],
      take(id) {
        if (++taken === 60) { writeFileSync(broken, ''); process.exit(1) }
        return id.split('-')[1]
      },
      close() {},
    }
  }`
  const path = await writeModule('breaks', members)
  breaking = runUntilMeasured('broken', ['--strategies', `memory,${path}`, '--workers', '1'])
  breaking.catch(() => undefined)
})
afterAll(async () => {
  for (const pid of processesMarked(prefix)) process.kill(pid, 'SIGKILL')
  await rm(folder, { recursive: true, force: true, maxRetries: 3 })
})

describe('a command that cannot be carried out', () => {
  const tiny = ['--budget', '10s', '--quick', '--workers', '1', '--connections', '1']
  const complaints: readonly (readonly [string, readonly string[], RegExp])[] = [
    [
      'an unknown strategy',
      ['--strategies', 'memory,nonsense'],
      /expected names out of memory, .*"nonsense"/,
    ],
    ['an unknown option', ['--nonsense'], /unknown option '--nonsense'/],
    ['a negative budget', ['--budget', '-5s'], /--budget.*from 10s to 24h/],
    ['a TypeScript module', ['--strategies', './mine.ts'], /mine\.ts: expected JavaScript, got TypeScript/],
    ['a module that does not fit', ['--strategies', './unfit.mjs'], /unfit\.mjs: open: expected a function/],
    [
      'a module whose library is missing',
      ['--strategies', './lacking.mjs'],
      /lacking: cannot run here: .*no-such-library/,
    ],
    [
      'a gate on an unknown strategy',
      ['--strategies', 'memory', '--fail-on', 'ghost:take.p50Us>1'],
      /--fail-on "ghost:take\.p50Us>1": expected a strategy of this run, memory, or all, got "ghost"/,
    ],
    [
      'a gate on a study that is not run',
      ['--strategies', 'memory', '--fail-on', 'memory:correctness.single-use.violations>0'],
      /expected the correctness study/,
    ],
    [
      'a gate on a change since nothing',
      ['--strategies', 'memory', '--fail-on', 'memory:take.p99Us.change>1.1'],
      /expected --baseline FILE beside it/,
    ],
    [
      'an earlier run that is not there',
      ['--strategies', 'memory', '--baseline', 'nowhere.json'],
      /--baseline nowhere\.json: expected the results\.json of an earlier run, got ENOENT/,
    ],
    [
      'an earlier run of another machine',
      ['--strategies', 'memory', '--baseline', 'elsewhere.json'],
      /expected a run of this machine .*CPU: .* now, Another processor then.*--baseline-anyway/,
    ],
    [
      'an --out below a file',
      ['--out', './unfit.mjs/results', '--strategies', 'memory'],
      /--out: expected a directory/,
    ],
  ]
  let ends: ReadonlyMap<string, Remaining>

  beforeAll(async () => {
    await writeFile(
      join(folder, 'unfit.mjs'),
      "export default { name: 'unfit', summary: 'A test.', claims: {} }\n",
    )
    await writeFile(join(folder, 'mine.ts'), 'export default {}\n')
    await writeFile(join(folder, 'elsewhere.json'), JSON.stringify(elsewhere()))
    await writeModule('lacking', "open: async () => (await import('no-such-library')).default")
    const found = new Map<string, Remaining>()
    for (const [what, argv] of complaints) found.set(what, await runToEnd(bench, [...tiny, ...argv]))
    ends = found
  }, 80_000)

  test.each(complaints)('%s ends with 2 and one line that says why', (what, _argv, expected) => {
    const end = ends.get(what)
    expect(end?.stderr).toMatch(expected)
    expect(end?.stderr.trimEnd()).not.toContain('\n')
    expect(end?.stderr).toMatch(/^crossworker: /)
    expect([end?.code, end?.stdout, end?.processes]).toEqual([2, '', []])
  })

  test('writes no results and leaves no temporary directory', () => {
    expect(existsSync(join(folder, 'results'))).toBe(false)
    expect([...ends].flatMap(([what, { leftovers }]) => leftovers.map((name) => [what, name]))).toEqual([])
  })
})

describe('npm run report', () => {
  const whole = () => JSON.stringify(exampleResults())
  const doctored: readonly (readonly [string, () => string, RegExp])[] = [
    ['NaN', () => whole().replace(/"p50Us":[\d.]+/, '"p50Us":NaN'), /results\.json: expected JSON/],
    [
      'a missing strategy',
      () => whole().replace('"baseline":"memory","launches"', '"baseline":"gone","launches"'),
      /expected "gone" among its strategies/,
    ],
    ['a gate without a verdict', () => JSON.stringify({ ...exampleResults(), gates: [{}] }), /at \/gates\/0/],
  ]

  test.each([
    ['no folder', [], /expected a run folder/],
    ['a folder that is not there', ['nowhere'], /nowhere: .*ENOENT/],
  ])('with %s ends with 2 and one line', async (_what, argv, expected) => {
    const { code, stderr, stdout } = await runToEnd(rereport, argv)
    expect([code, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(expected)
    expect(stderr.trimEnd()).not.toContain('\n')
  })

  test.each(doctored)(
    'of results with %s ends with 2 and one line, and writes nothing',
    async (what, text, reason) => {
      const path = join(folder, `doctored ${what}`)
      await mkdir(path)
      await writeFile(join(path, 'results.json'), text())
      const { code, stderr, stdout } = await runToEnd(rereport, [path])
      expect([code, stdout]).toEqual([2, ''])
      expect(stderr).toMatch(reason)
      expect(stderr.trimEnd()).not.toContain('\n')
      expect(await readdir(path)).toEqual(['results.json'])
    },
  )

  test('of results whose strategies are named in markup writes reports and exports without it', async () => {
    const path = join(folder, 'hostile')
    await mkdir(path)
    const worst = '<img src=x onerror=alert(1)>|`\\n'
    await writeFile(
      join(path, 'results.json'),
      JSON.stringify(exampleResults(), (_key, value) => (value === 'slow' ? worst : value)),
    )
    expect(await runToEnd(rereport, [path])).toMatchObject({ code: 0, stderr: '' })
    const names = (await readdir(path, { recursive: true })).filter((name) =>
      /\.(md|html|svg|json|txt)$/.test(name),
    )
    const texts = names
      .filter((name) => name !== 'results.json')
      .map((name) => readFile(join(path, name), 'utf8'))
    expect(texts.length).toBeGreaterThan(7)
    for (const text of await Promise.all(texts)) expect(text).not.toContain('<img')
  })
})

describe('a run with a strategy that breaks down for good', () => {
  let end: Remaining
  let results: Results

  beforeAll(async () => {
    const { end: ended, results: found } = await breaking
    end = ended
    results = found
  }, 70_000)

  test('ends with 2 and says which, and why', () => {
    expect(end.code).toBe(2)
    expect(strategyOf(results, 'breaks').failed).toMatch(/^launch 1: ended while it was measured: /)
    expect(end.stdout).toContain('breaks: could not be measured to the end')
  })

  test('still measures the others', () => {
    const { failed, timing } = strategyOf(results, 'memory')
    expect(failed).toBeUndefined()
    expect(timing?.every(({ slices }) => slices > 0)).toBe(true)
  })

  test('leaves no process and no temporary directory', () => {
    expect([end.processes, end.leftovers]).toEqual([[], []])
  })
})

describe('a run with a gate', () => {
  const rate = 'memory:verificationFailures.crossWorker.rate'
  let broken: Measured

  beforeAll(async () => {
    const argv = ['--strategies', 'memory', '--workers', '2', '--fail-on', `${rate}>0.5`]
    // Of two blocks the interval of a median reaches minutes.
    const isEnough = (results: Results) => hasHandedOver(results) && results.run.blocks > 3
    broken = await runUntilMeasured('gate', argv, isEnough)
  }, 70_000)

  /** The same run, judged as if it had been asked for another gate. */
  async function judgedWith(gate: string, what: string): Promise<Results> {
    const copy = join(folder, `gate ${what}`)
    await cp(broken.path, copy, { recursive: true })
    await rm(join(copy, 'results.json'))
    const plan = JSON.parse(await readFile(join(copy, 'plan.json'), 'utf8'))
    await writeFile(join(copy, 'plan.json'), JSON.stringify({ ...plan, gates: [parseGate(gate)] }))
    expect(await runToEnd(rereport, [copy])).toMatchObject({ code: 0, stderr: '' })
    return resultsIn(copy)
  }

  test('that is broken ends with 1 and says so', async () => {
    const { end, path, results } = broken
    expect(results.gates?.map(({ gate, verdict }) => [gate, verdict])).toEqual([[`${rate}>0.5`, 'broken']])
    expect([end.code, end.processes]).toEqual([1, []])
    expect(end.stdout).toContain(`• gate broken: ${rate}>0.5`)
    expect(await readFile(join(path, 'report.md'), 'utf8')).toContain('## Gates')
    expect(results.run.command).toContain(`--fail-on '${rate}>0.5'`)
  })

  test.each([
    // No median take lasts a minute.
    ['held', 'memory:take.p50Us>60000000', 0],
    // No such strategy took part.
    ['unmeasured', 'ghost:take.p50Us>1', 2],
    // Nobody sees a rate to the millionth in ten seconds.
    ['undecided', `${rate}<0.999999`, 3],
  ] as const)('that is %s (%s) would end with %i', async (verdict, gate, code) => {
    const results = await judgedWith(gate, verdict)
    expect(results.gates?.map((row) => row.verdict)).toEqual([verdict])
    expect(exitCodeOf(results)).toBe(code)
  })
})

describe('a run', () => {
  let whole: Measured

  beforeAll(async () => {
    await writeFile(join(folder, 'earlier.json'), JSON.stringify(elsewhere()))
    const held = [
      '--fail-on',
      'hybrid:take.p50Us>60000000',
      '--fail-on',
      'all:verificationFailures.sameWorker.rate>0',
    ]
    const beside = ['--baseline', 'earlier.json', '--baseline-anyway']
    const argv = ['--strategies', 'memory,hybrid', '--workers', '2', ...held, ...beside]
    // A gate that is undecided says that a busy machine left too few blocks.
    whole = await runUntilMeasured(
      'whole',
      argv,
      (results) =>
        hasHandedOver(results) && (results.gates ?? []).every(({ verdict }) => verdict !== 'undecided'),
    )
  }, 70_000)

  test('ends with 0, its result on stdout and its progress on stderr', () => {
    const { end } = whole
    expect(end.code).toBe(0)
    expect(end.stdout).toMatch(/memory.*hybrid.*report: whole-.*-quick\/report\.html\n$/s)
    expect(end.stderr).toMatch(
      /^2 strategies, \d launch(es)? of about \d+ blocks in at most \d+ s, which should find .* seed 7\n/,
    )
  })

  test('leaves no process and no temporary directory', () => {
    expect([whole.end.processes, whole.end.leftovers]).toEqual([[], []])
  })

  test('keeps its raw files, its results and its report, and copies the latest', async () => {
    expect(await readdir(whole.path)).toEqual(
      expect.arrayContaining([
        ...['environment.json', 'plan.json', 'results.json', 'timing.ndjson'],
        ...['charts', 'exports', 'report.html', 'report.md', 'summary.md', 'earlier.json'],
      ]),
    )
    const read = (...names: string[]) => readFile(join(whole.path, '..', ...names), 'utf8')
    expect(await read('latest.json')).toBe(await readFile(join(whole.path, 'results.json'), 'utf8'))
    expect(await read('latest.html')).toBe(await readFile(join(whole.path, 'report.html'), 'utf8'))
    const report = await readFile(join(whole.path, 'report.md'), 'utf8')
    expect(await read('latest.md')).toBe(report.replaceAll('(charts/', `(${basename(whole.path)}/charts/`))
  })

  test('says what it was asked for', () => {
    expect(whole.results.run).toMatchObject({
      seed: 7,
      quick: true,
      partial: false,
      workers: 2,
      connections: 4,
    })
    expect(whole.results.run.command).toMatch(/^npm run bench -- --strategies memory,hybrid --workers 2/)
    expect(whole.results.run.blocks).toBeGreaterThan(0)
  })

  test('sees memory lose every captcha of another worker and none of its own', () => {
    const { correctness } = strategyOf(whole.results, 'memory')
    const { crossWorker, sameWorker } = correctness?.verificationFailures ?? {}
    expect(crossWorker?.attempts).toBeGreaterThan(10)
    expect([crossWorker?.rate, sameWorker?.failures, correctness?.observedScope]).toEqual([1, 0, 'process'])
  })

  test('sees hybrid lose none', () => {
    const { correctness, failed } = strategyOf(whole.results, 'hybrid')
    expect(correctness?.verificationFailures.crossWorker.attempts).toBeGreaterThan(10)
    expect([correctness?.verificationFailures.overall.failures, correctness?.observedScope]).toEqual([
      0,
      'host',
    ])
    expect(failed).toBeUndefined()
  })

  test('holds its gates, and is set beside the earlier run with a warning', () => {
    const { results, end } = whole
    expect(results.gates?.map(({ strategy, verdict }) => [strategy, verdict])).toEqual([
      ['hybrid', 'held'],
      ['memory', 'held'],
      ['hybrid', 'held'],
    ])
    expect(results.earlier?.differences).toContainEqual(expect.stringContaining('Another processor then'))
    expect(results.earlier?.changes.some(({ strategy }) => strategy === 'memory')).toBe(true)
    for (const told of [end.stdout, end.stderr]) expect(told).toMatch(/not paired/)
  })

  test('can be reported and judged again from what is on disk, to the byte', async () => {
    const copy = join(folder, 'copy')
    await cp(whole.path, copy, { recursive: true })
    const read = (name: string) => readFile(join(copy, name), 'utf8')
    const names = [
      ...['report.md', 'report.html', 'summary.md', join('charts', 'latency-take.svg')],
      ...['go-benchmark.txt', 'samples.csv', 'bencher.json'].map((name) => join('exports', name)),
    ]
    const reports = () => Promise.all(names.map(read))
    const remove = () => Promise.all(names.map((name) => rm(join(copy, name))))
    const [report, judged] = [await reports(), await read('results.json')]
    await remove()
    expect(await runToEnd(rereport, [copy])).toMatchObject({ code: 0, stderr: '' })
    expect(await reports()).toEqual(report)
    await remove()
    await rm(join(copy, 'results.json'))
    expect(await runToEnd(rereport, [copy])).toMatchObject({ code: 0, stderr: '' })
    expect(await read('results.json')).toBe(judged)
    expect(await reports()).toEqual(report)
  })
})
