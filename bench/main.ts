import { randomInt } from 'node:crypto'
import { relative } from 'node:path'
import { readEnvironment } from './environment.js'
import { exitCodeOf, exitCodes } from './exit-code.js'
import { outline } from './forecast.js'
import { demandFeasible, readEarlier, warning } from './held-against.js'
import { endingLine, interruption, unlessEnded } from './interruption.js'
import { invocation } from './invocation.js'
import { judge } from './judge.js'
import { parseOptions, UsageError } from './options.js'
import { noopModule } from './paths.js'
import { makePlan } from './plan.js'
import { screenOf } from './progress/screen.js'
import { courseOf, createProgress } from './progress.js'
import { terminal } from './report/terminal.js'
import { publishLatest, writeReports } from './report.js'
import { callRoster } from './roster.js'
import { createRunFolder } from './run-folder.js'
import { givenServices, openServices } from './services.js'
import { openShelter } from './shelter.js'
import { runStudies } from './studies.js'

/** plan → run → judge → report */
async function bench(argv: readonly string[]): Promise<number> {
  const options = parseOptions(argv, randomInt(2 ** 32))
  if (options === undefined) return exitCodes.kept
  const signal = interruption()
  let say: (line: string) => void = (line) => void (options.quiet || process.stderr.write(`${line}\n`))
  signal.addEventListener('abort', () => say(endingLine), { once: true })
  await using _shelter = await openShelter()
  await using services = openServices(givenServices(process.env))
  const entrants = await unlessEnded(signal, callRoster(options, services))
  const occasion = { startedAt: new Date(), command: invocation('bench', argv), noopModule }
  const plan = makePlan(options, entrants, occasion)
  const environment = await readEnvironment(services.facts())
  const earlier = await readEarlier(options, environment)
  demandFeasible(plan, earlier)
  const folder = await createRunFolder(options.out, plan, environment, earlier)
  const progress = createProgress({ ...courseOf(plan), ...screenOf(process.stderr, options) })
  say = progress.say
  say(outline(plan))
  if (earlier !== undefined) say(warning(earlier))
  await runStudies({ plan, folder, services, progress, signal }).finally(progress.close)
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
