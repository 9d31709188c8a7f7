import { randomInt } from 'node:crypto'
import { relative } from 'node:path'
import { openBase } from './ab/base.js'
import { checkDrivable } from './ab/drive.js'
import { parseComparisonOptions } from './ab/options.js'
import { pairUp } from './ab/pairs.js'
import { readEnvironment } from './environment.js'
import { exitCodeOf, exitCodes } from './exit-code.js'
import { outline } from './forecast.js'
import { endingLine, interruption, unlessEnded } from './interruption.js'
import { invocation } from './invocation.js'
import { judge } from './judge.js'
import { UsageError } from './options.js'
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

/** npm run bench:ab: check the base out → plan → run both versions → judge → report */
async function compare(argv: readonly string[]): Promise<number> {
  const asked = parseComparisonOptions(argv, randomInt(2 ** 32))
  if (asked === undefined) return exitCodes.kept
  const { options } = asked
  const signal = interruption()
  let say: (line: string) => void = (line) => void (options.quiet || process.stderr.write(`${line}\n`))
  signal.addEventListener('abort', () => say(endingLine), { once: true })
  await using _shelter = await openShelter()
  await using services = openServices(givenServices(process.env))
  const entrants = await unlessEnded(signal, callRoster(options, services))
  await using base = await openBase({ ref: asked.base, signal, say })
  const comparison = pairUp(entrants, base, asked)
  await unlessEnded(signal, checkDrivable(base, comparison, { entrants, services }))
  const command = invocation('bench:ab', argv)
  const plan = makePlan(options, entrants, { startedAt: new Date(), command, noopModule, comparison })
  const folder = await createRunFolder(options.out, plan, await readEnvironment(services.facts()))
  const progress = createProgress({ ...courseOf(plan), ...screenOf(process.stderr, options) })
  say = progress.say
  say(outline(plan))
  await runStudies({ plan, folder, services, base: base.program, progress, signal }).finally(progress.close)
  const results = await judge(folder)
  await writeReports(folder, results)
  await publishLatest(folder)
  process.stdout.write(`${terminal(results)}\nreport: ${relative('.', folder.path)}/report.html\n`)
  return exitCodeOf(results)
}

try {
  process.exitCode = await compare(process.argv.slice(2))
} catch (error) {
  const known = error instanceof UsageError
  process.stderr.write(
    `crossworker: ${known ? error.message : error instanceof Error ? error.stack : error}\n`,
  )
  process.exitCode = exitCodes.unmeasured
}
