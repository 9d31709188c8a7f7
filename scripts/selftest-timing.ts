import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readEnvironment } from '../bench/environment.js'
import { runOurs } from './selftest/ours.js'
import { selftestReport } from './selftest/table.js'
import { seconds, type Trial } from './selftest/trial.js'
import { runUsual } from './selftest/usual.js'

/**
 * Does the timing study call differences where there are, and none where there are none? A benchmark, not a test: it takes two
 * minutes a run. Arguments: number of runs (20), directory for selftest-timing.{json,md} (results/reference).
 */
const [count = '20', directory = 'results/reference'] = process.argv.slice(2)
const runs = Number(count)
if (!Number.isInteger(runs) || runs < 1)
  throw new Error(`expected a whole number of runs from 1, got ${count}`)

const trials: Trial[] = []
const environment = await readEnvironment()
await mkdir(directory, { recursive: true })
for (let run = 0; run < runs; run += 1) {
  process.stderr.write(`run ${run + 1}/${runs}, about ${2 * seconds.perRun} s each\n`)
  // In turns who goes first: a machine that tires would favour the first.
  for (const method of run % 2 === 0 ? [runOurs, runUsual] : [runUsual, runOurs])
    trials.push(...(await method(run)))
  await writeFile(
    join(directory, 'selftest-timing.json'),
    `${JSON.stringify({ environment, trials }, null, 1)}\n`,
  )
  await writeFile(join(directory, 'selftest-timing.md'), selftestReport(trials, environment))
}
