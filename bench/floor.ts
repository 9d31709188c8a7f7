import { randomInt } from 'node:crypto'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { readEnvironment } from './environment.js'
import { exitCodes } from './exit-code.js'
import { withBareEntrants, withBareServers } from './floor/arms.js'
import { measureHarness } from './floor/harness.js'
import { timeFirstSlice, timeJudging } from './floor/reference.js'
import { serversOf } from './floor/servers.js'
import { timeSpent } from './floor/spent.js'
import { outline } from './forecast.js'
import { interruption, unlessEnded } from './interruption.js'
import { judge } from './judge.js'
import { messageOf } from './message-of.js'
import { type Options, parseOptions } from './options.js'
import { noopModule, packageRoot } from './paths.js'
import { makePlan, noopName, type Plan } from './plan.js'
import { screenOf } from './progress/screen.js'
import { courseOf, createProgress } from './progress.js'
import { type FloorFigures, floorReport } from './report/floor.js'
import { callRoster } from './roster.js'
import { createRunFolder, openRunFolder, type RunFolder } from './run-folder.js'
import { openServices } from './services.js'
import { openShelter } from './shelter.js'
import { runStudies } from './studies.js'

/** npm run bench:floor: plan → run → judge → what the harness itself costs → floor.md */
async function measureFloor(argv: readonly string[]): Promise<void> {
  const options = optionsOf(argv)
  const signal = interruption()
  await using _shelter = await openShelter()
  await using services = openServices({})
  const entrants = withBareEntrants(await unlessEnded(signal, callRoster(options, services)))
  const command = ['npm run bench:floor', ...(argv.length > 0 ? ['--', ...argv] : [])].join(' ')
  const plan = withBareServers(makePlan(options, entrants, { startedAt: new Date(), command, noopModule }))
  const folder = await createRunFolder(options.out, plan, await readEnvironment())
  const progress = createProgress({ ...courseOf(plan), ...screenOf(process.stderr, options) })
  progress.say(outline(plan))
  const studies = runStudies({ plan, folder, services, progress, signal }).finally(progress.close)
  await unlessEnded(signal, studies)
  progress.say('the load generator beside autocannon alone, then the beginning of a default run')
  const report = floorReport(await figuresOf(plan, folder, signal))
  await writeFile(join(options.out, 'floor.md'), report)
  process.stdout.write(`${report}\nreport: ${join(options.out, 'floor.md')}\n`)
}

async function figuresOf(plan: Plan, folder: RunFolder, signal: AbortSignal): Promise<FloorFigures> {
  const records = await folder.readTiming()
  const failure = records.find((record) => record.kind === 'failure')
  if (failure !== undefined) throw new Error(`${failure.arm}: ${failure.reason}`)
  const { run, environment } = await judge(folder)
  const slices = records.filter((record) => record.kind === 'slice')
  return {
    run,
    environment,
    noop: noopName,
    servers: serversOf(plan, slices),
    harness: await unlessEnded(signal, measureHarness({ ...plan, folder: await scratch() })),
    reference: await ofReference(signal),
  }
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

function optionsOf(argv: readonly string[]): Options {
  const program = new Command('bench:floor')
    .description('Measures what HTTP and the harness cost without a store, and writes floor.md.')
    .option('--budget <duration>', 'time for the servers; the rest takes another minute', '100s')
    .option('--seed <n>', 'order of slices, and resampling', String(randomInt(2 ** 32)))
    .option('--out <dir>', 'where the run folder and floor.md go', 'results/floor')
    .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? exitCodes.kept : exitCodes.unmeasured))
    .parse([...argv], { from: 'user' })
  const given = Object.entries(program.opts()).flatMap(([name, value]) => [`--${name}`, String(value)])
  const options = parseOptions(['--only', 'timing', '--strategies', 'memory', ...given], 0)
  if (options === undefined) throw new Error('expected options, got a request for help')
  return options
}

try {
  await measureFloor(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`bench:floor: ${messageOf(error)}\n`)
  process.exitCode = exitCodes.unmeasured
}
