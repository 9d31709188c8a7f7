import { randomInt } from 'node:crypto'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { readEnvironment } from './environment.js'
import { exitCodes } from './exit-code.js'
import { limits, withBareEntrants, withBareServers, withLimits } from './floor/arms.js'
import { measureHarness } from './floor/harness.js'
import { timeFirstSlice, timeJudging } from './floor/reference.js'
import { limitsOf, serversOf } from './floor/servers.js'
import { timeSpent } from './floor/spent.js'
import { outline } from './forecast.js'
import { interruption, unlessEnded } from './interruption.js'
import { judge } from './judge.js'
import { messageOf } from './message-of.js'
import { type Options, parseOptions, UsageError } from './options.js'
import { noopModule, packageRoot } from './paths.js'
import { makePlan, noopName, type Occasion, type Plan } from './plan.js'
import { screenOf } from './progress/screen.js'
import { courseOf, createProgress } from './progress.js'
import { type FloorFigures, floorReport } from './report/floor.js'
import { callRoster, type Entrant } from './roster.js'
import { createRunFolder, openRunFolder, type RunFolder } from './run-folder.js'
import { openServices, type RunServices } from './services.js'
import { openShelter } from './shelter.js'
import type { SliceRecord } from './slices.js'
import { runStudies } from './studies.js'

/** npm run bench:floor: the load generator → servers without a store → strategies beside their limits → floor.md */
async function measureFloor(argv: readonly string[]): Promise<void> {
  const wishes = wishesOf(argv)
  const signal = interruption()
  await using _shelter = await openShelter()
  await using services = openServices({})
  const command = ['npm run bench:floor', ...(argv.length > 0 ? ['--', ...argv] : [])].join(' ')
  const occasion = () => ({ startedAt: new Date(), command, noopModule })
  const baseline = await unlessEnded(signal, callRoster(wishes.servers, services))
  const { found, skipped } = await unlessEnded(signal, callLimited(services))
  const plan = withBareServers(makePlan(wishes.servers, withBareEntrants(baseline), occasion()))
  process.stderr.write('the load generator, beside autocannon alone\n')
  // First: after a study in this process autocannon alone takes twice the time for a read.
  const harness = await unlessEnded(signal, measureHarness({ ...plan, folder: await scratch() }))
  const servers = await runPlan(plan, { out: wishes.servers.out, services, signal })
  process.stderr.write('the beginning of a default run\n')
  const figures = { ...(await figuresOf(servers)), harness, reference: await ofReference(signal) }
  const limited = await runPlan(limitsPlan(wishes.limits, [...baseline, ...found], occasion()), {
    out: wishes.limits.out,
    services,
    signal,
  })
  const report = floorReport({ ...figures, limits: await limitsFigures(limited, skipped) })
  const path = join(wishes.servers.out, 'floor.md')
  await writeFile(path, report)
  process.stdout.write(`${report}\nreport: ${path}\n`)
}

/** In slices of one length, of which what is spent once a slice is the same share: `redis` had 136 requests where its limit had 256. */
function limitsPlan(options: Options, entrants: readonly Entrant[], occasion: Occasion): Plan {
  return { ...makePlan(options, withLimits(entrants), occasion), evenSlices: true }
}

/** Those of ours that have a limit and can run here; why the others cannot is said at once, and in the report. */
async function callLimited(services: RunServices) {
  const found: Entrant[] = []
  const skipped: string[] = []
  for (const ours of new Set(limits.map((limit) => limit.ours))) {
    try {
      const entrants = await callRoster({ strategies: [ours], reference: ours }, services)
      found.push(...entrants)
    } catch (error) {
      if (!(error instanceof UsageError)) throw error
      skipped.push(error.message)
      process.stderr.write(`skipped, with its limit: ${error.message}\n`)
    }
  }
  return { found, skipped }
}

interface Setting {
  readonly out: string
  readonly services: RunServices
  readonly signal: AbortSignal
}

interface Measured {
  readonly plan: Plan
  readonly folder: RunFolder
  /** Those that count. */
  readonly slices: readonly SliceRecord[]
}

/** @throws Error when a server failed: whatever is left is not what was asked for */
async function runPlan(plan: Plan, { out, services, signal }: Setting): Promise<Measured> {
  const folder = await createRunFolder(out, plan, await readEnvironment())
  const progress = createProgress({ ...courseOf(plan), ...screenOf(process.stderr, { quiet: false }) })
  progress.say(outline(plan))
  const studies = runStudies({ plan, folder, services, progress, signal }).finally(progress.close)
  await unlessEnded(signal, studies)
  const records = await folder.readTiming()
  const failure = records.find((record) => record.kind === 'failure')
  if (failure !== undefined) throw new Error(`${failure.arm}: ${failure.reason}`)
  // Others are there to find a slice's length.
  const slices = records.filter((record) => record.kind === 'slice').filter(({ block }) => block >= 0)
  return { plan, folder, slices }
}

async function figuresOf({ plan, folder, slices }: Measured) {
  const { run, environment } = await judge(folder)
  return { run, environment, noop: noopName, servers: serversOf(plan, slices) }
}

async function limitsFigures(
  { plan, folder, slices }: Measured,
  skipped: readonly string[],
): Promise<FloorFigures['limits']> {
  const { run } = await judge(folder)
  const names = plan.entrants.map(({ name }) => name)
  const pairs = limits.filter(({ name }) => names.includes(name))
  return { ...run, pairs, servers: limitsOf(plan, slices), skipped }
}

/** For records that are written only to be timed. */
async function scratch(): Promise<RunFolder> {
  return openRunFolder(await mkdtemp(join(tmpdir(), 'crossworker-floor-')))
}

async function ofReference(signal: AbortSignal): Promise<FloorFigures['reference']> {
  const path = join(packageRoot, 'results/reference')
  const spent = timeSpent(await openRunFolder(path).readTiming())
  if (spent === undefined) throw new Error(`expected a finished run in ${path}, got none`)
  const firstSliceMs = await unlessEnded(signal, timeFirstSlice(signal))
  return { spent, firstSliceMs, judging: await timeJudging(path) }
}

/** Of the servers without a store, and of the strategies beside their limits. */
function wishesOf(argv: readonly string[]): Readonly<Record<'servers' | 'limits', Options>> {
  const program = new Command('bench:floor')
    .description(
      'Measures what HTTP and the harness cost without a store, and the least that storing costs, and writes floor.md.',
    )
    .option('--budget <duration>', 'time for the servers without a store', '100s')
    .option('--limits <duration>', 'time for strategies beside their limits; the rest takes a minute', '400s')
    .option('--seed <n>', 'order of slices, and resampling', String(randomInt(2 ** 32)))
    .option('--out <dir>', 'where run folders and floor.md go', 'results/floor')
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? exitCodes.kept : exitCodes.unmeasured))
    .parse([...argv], { from: 'user' })
  const { seed, out, budget, limits: limitsBudget } = program.opts()
  const given = ['--only', 'timing', '--strategies', 'memory', '--seed', seed, '--out', out]
  return {
    servers: demanded(parseOptions([...given, '--budget', budget], 0)),
    limits: demanded(parseOptions([...given, '--budget', limitsBudget], 0)),
  }
}

function demanded(options: Options | undefined): Options {
  if (options === undefined) throw new Error('expected options, got a request for help')
  return options
}

try {
  await measureFloor(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`bench:floor: ${messageOf(error)}\n`)
  process.exitCode = exitCodes.unmeasured
}
