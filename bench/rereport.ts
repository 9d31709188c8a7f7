import { invocation } from './invocation.js'
import { judge, parseResults } from './judge.js'
import { messageOf } from './message-of.js'
import { writeReports } from './report.js'
import { openRunFolder } from './run-folder.js'

/** npm run report -- results/<run>: judges again where results.json is missing, and writes every report anew. */
const [path] = process.argv.slice(2)
if (path === '--help' || path === '-h') {
  process.stdout.write(`usage: ${invocation('report', ['results/<run>'])}\n`)
} else if (path === undefined) {
  process.stderr.write(
    `crossworker: expected a run folder, got nothing; try: ${invocation('report', ['results/<run>'])}\n`,
  )
  process.exitCode = 2
} else {
  const folder = openRunFolder(path)
  try {
    const text = await folder.readText('results.json').catch(() => undefined)
    await writeReports(folder, text === undefined ? await judge(folder) : parseResults(text))
    process.stdout.write(`rebuilt ${path}/report.html, report.md, summary.md and exports\n`)
  } catch (error) {
    process.stderr.write(`crossworker: ${path}: ${messageOf(error)}\n`)
    process.exitCode = 2
  }
}
