import { randomInt } from 'node:crypto'
import { relative } from 'node:path'
import { readEnvironment } from './environment.js'
import { exitCodeOf, exitCodes } from './exit-code.js'
import { outline } from './forecast.js'
import { demandFeasible, readEarlier, unpaired } from './held-against.js'
import { interruption } from './interruption.js'
import { judge } from './judge.js'
import { commandOf, parseOptions, UsageError } from './options.js'
import { noopModule } from './paths.js'
import { makePlan } from './plan.js'
import { createProgress } from './progress.js'
import { terminal } from './report/terminal.js'
import { publishLatest, writeReports } from './report.js'
import { callRoster } from './roster.js'
import { createRunFolder } from './run-folder.js'
import { givenServices, openServices } from './services.js'
import { runStudies } from './studies.js'

/** plan → run → judge → report */
async function bench(argv: readonly string[]): Promise<number> {
  const options = parseOptions(argv, randomInt(2 ** 32))
  if (options === undefined) return exitCodes.kept
  const signal = interruption()
  await using services = openServices(givenServices(process.env))
  const entrants = await callRoster(options, services)
  const command = commandOf(argv)
  const plan = makePlan(options, entrants, { startedAt: new Date(), command, noopModule })
  demandFeasible(plan)
  const environment = await readEnvironment(services.facts())
  const earlier = await readEarlier(options, environment)
  const folder = await createRunFolder(options.out, plan, environment, earlier)
  const { stderr } = process
  const progress = createProgress({
    stream: stderr,
    redraws: stderr.isTTY === true,
    quiet: options.quiet,
    launches: plan.experiments.length,
    now: () => performance.now(),
  })
  progress.say(outline(plan))
  if (earlier !== undefined) progress.say(unpaired(earlier))
  await runStudies({ plan, folder, services, progress, signal })
  progress.close()
  const results = await judge(folder)
  await writeReports(folder, results)
  await publishLatest(folder)
  process.stdout.write(`${terminal(results)}\nreport: ${relative('.', folder.path)}/report.html\n`)
  return exitCodeOf(results)
}

try {
  process.exitCode = await bench(process.argv.slice(2))
} catch (error) {
  const known = error instanceof UsageError
  process.stderr.write(
    `crossworker: ${known ? error.message : error instanceof Error ? error.stack : error}\n`,
  )
  process.exitCode = exitCodes.unmeasured
}
