import { existsSync } from 'node:fs'
import { appendFile, mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { EarlierRun } from './earlier.js'
import type { Environment } from './environment.js'
import type { History } from './history.js'
import { readHistories } from './history-file.js'
import type { Isolation } from './isolation/record.js'
import { messageOf } from './message-of.js'
import type { MicroLine } from './micro/records.js'
import { readNdjson } from './ndjson.js'
import { UsageError } from './options.js'
import type { Plan } from './plan.js'
import type { ScalingLine } from './scaling/records.js'
import type { TimingRecord } from './slices.js'

/** A run on disk: each stage reads what the one before it wrote, and can be run again from there. */
export interface RunFolder {
  readonly path: string
  /** @param name may lie in a folder of the run's, which is made where it is missing */
  writeText(name: string, text: string): Promise<void>
  readText(name: string): Promise<string>
  /** In one write. */
  appendTiming(...records: readonly TimingRecord[]): Promise<void>
  readPlan(): Promise<Plan>
  readEnvironment(): Promise<Environment>
  /** Nothing where no earlier run was named. */
  readEarlier(): Promise<EarlierRun | undefined>
  readTiming(): Promise<readonly TimingRecord[]>
  appendMicro(line: MicroLine): Promise<void>
  readMicro(): Promise<readonly MicroLine[]>
  appendScaling(line: ScalingLine): Promise<void>
  readScaling(): Promise<readonly ScalingLine[]>
  /** Nothing where nobody looked. */
  readIsolation(): Promise<readonly Isolation[]>
  /** Where the correctness study leaves its histories, as `<strategy>.<site>.ndjson.gz`. */
  readonly historiesPath: string
  /** Of one strategy; a site whose server never started has none. */
  readHistories(strategy: string): AsyncIterable<History>
}

const timingFile = 'timing.ndjson'
const microFile = 'micro.ndjson'
const scalingFile = 'scaling.ndjson'
export const isolationFile = 'isolation.json'
/** What is compared of the run that `--baseline` named. */
const earlierFile = 'earlier.json'

/** @throws UsageError when the folder cannot be made */
export async function createRunFolder(
  out: string,
  plan: Plan,
  environment: Environment,
  earlier?: EarlierRun,
): Promise<RunFolder> {
  const folder = openRunFolder(join(out, plan.runId))
  try {
    await mkdir(out, { recursive: true })
    // Not recursive: a folder that is there already holds another run's records.
    await mkdir(folder.path)
    await folder.writeText('plan.json', `${JSON.stringify(plan, null, 1)}\n`)
    await folder.writeText('environment.json', `${JSON.stringify(environment, null, 1)}\n`)
    if (earlier !== undefined) await folder.writeText(earlierFile, `${JSON.stringify(earlier, null, 1)}\n`)
  } catch (cause) {
    const reason = messageOf(cause)
    throw new UsageError(`--out: expected a directory that can be written, got ${out} (${reason})`, { cause })
  }
  return folder
}

export function openRunFolder(path: string): RunFolder {
  const at = (name: string) => join(path, name)
  const parsed = async (name: string) => JSON.parse(await readFile(at(name), 'utf8'))
  return {
    path,
    /** Whole or not at all: a report that is being looked at must not be half a report. */
    async writeText(name, text) {
      await mkdir(dirname(at(name)), { recursive: true })
      await writeFile(at(`${name}.tmp`), text)
      await rename(at(`${name}.tmp`), at(name))
    },
    readText: (name) => readFile(at(name), 'utf8'),
    appendTiming: (...records) =>
      appendFile(at(timingFile), records.map((record) => `${JSON.stringify(record)}\n`).join('')),
    readPlan: () => parsed('plan.json'),
    readEnvironment: () => parsed('environment.json'),
    readEarlier: async () => (existsSync(at(earlierFile)) ? parsed(earlierFile) : undefined),
    readTiming: () => readLines(at(timingFile)),
    appendMicro: (line) => appendFile(at(microFile), `${JSON.stringify(line)}\n`),
    readMicro: () => readLines(at(microFile)),
    appendScaling: (line) => appendFile(at(scalingFile), `${JSON.stringify(line)}\n`),
    readScaling: () => readLines(at(scalingFile)),
    readIsolation: async () => (existsSync(at(isolationFile)) ? parsed(isolationFile) : []),
    historiesPath: at('correctness'),
    readHistories: (strategy) => readHistories(at('correctness'), strategy),
  }
}

/** A study that was not run has no file and no records. */
async function readLines<T>(path: string): Promise<readonly T[]> {
  return existsSync(path) ? readNdjson(path) : []
}
