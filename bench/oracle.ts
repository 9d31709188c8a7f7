import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { loadStrategy } from '../src/load-strategy.js'
import { mutants, type Subject, sound } from './checkers/mutants/index.js'
import type { SiteName } from './correctness/task.js'
import { interruption } from './interruption.js'
import { messageOf } from './message-of.js'
import { type Examination, type Examiner, examine, siteOf } from './oracle/examine.js'
import { isFlagged, isKilled, matrixReport } from './oracle/matrix.js'
import { packageRoot } from './paths.js'
import { openServices } from './services.js'

/** npm run oracle: are the checkers' convictions right? Exit code 1 when a broken store went free or a sound one did not. */

/** Two cores, and a store spends most of its time waiting. */
const atOnce = 2

/** Without faults, which need root, and patience. */
const quickSites: readonly SiteName[] = ['ordinary', 'expiry']

interface Look {
  readonly name: string
  readonly run: number
  go(examiner: Examiner): Promise<Examination>
  complaint(found: Examination): string | undefined
}

const program = new Command('oracle')
  .description('Puts stores with known mistakes, and sound ones, through the correctness study.')
  .option('--runs <n>', 'runs of each broken store', whole, 1)
  .option('--sound-runs <n>', 'runs of each sound store', whole, 1)
  .option('--only <names>', 'stores, separated by commas')
  .option('--quick', 'ordinary use and expiry only', false)
  .option('--seed <n>', 'of the first run', whole, 1)
  .option('--out <dir>', 'where oracle.md and oracle.json go; nowhere, unless given')
  .parse()
const options = program.opts()
const only: readonly string[] | undefined = options.only?.split(',')
const isChosen = ({ name }: { readonly name: string }) => only?.includes(name) ?? true

// Never engines whose addresses were given: they are stopped, and some stores change their settings.
const services = openServices({})
const lacks = await lacksOf([...mutants, ...sound].filter(isChosen))
const queue = [...mutantLooks(options.runs), ...soundLooks(options.soundRuns)].filter(
  (look) => isChosen(look) && !lacks.has(look.name),
)
const signal = interruption()
const examinations: Examination[] = []
const complaints: string[] = []
await Promise.all(Array.from({ length: atOnce }, lookInTurn))
await services[Symbol.asyncDispose]()
const isSeen = ({ name }: { readonly name: string }) => examinations.some(({ subject }) => subject === name)
const report = matrixReport({
  mutants: mutants.filter(isSeen),
  sound: sound.filter(isSeen),
  examinations: examinations.toSorted((a, b) => a.seed - b.seed),
})
if (options.out !== undefined) {
  await mkdir(options.out, { recursive: true })
  await writeFile(join(options.out, 'oracle.md'), report)
  await writeFile(join(options.out, 'oracle.json'), `${JSON.stringify(examinations, null, 1)}\n`)
}
process.stdout.write(`${report}\n${complaints.map((line) => `${line}\n`).join('')}`)
process.exitCode = signal.aborted ? 2 : complaints.length > 0 ? 1 : 0

function mutantLooks(runs: number): Look[] {
  const chosen = mutants.filter(({ needs }) => !options.quick || quickSites.includes(siteOf[needs]))
  return times(runs, (run) =>
    chosen.map((mutant) => ({
      name: mutant.name,
      run,
      go: (examiner) => examine(mutant, { ...examiner, phase: mutant.needs }),
      complaint: (found) =>
        isKilled(mutant, found)
          ? undefined
          : `${mutant.name} went free: expected ${mutant.caughtBy} to convict it (seed ${found.seed})`,
    })),
  )
}

function soundLooks(runs: number): Look[] {
  return times(runs, (run) =>
    sound.map((subject) => ({
      name: subject.name,
      run,
      go: (examiner) => examine(subject, options.quick ? { ...examiner, sites: quickSites } : examiner),
      complaint: (found) =>
        isFlagged(found)
          ? `${subject.name} is sound and was convicted (seed ${found.seed}): ${charges(found)}`
          : undefined,
    })),
  )
}

function charges({ checks }: Examination): string {
  return checks
    .filter(({ verdict }) => verdict === 'invalid')
    .map(({ name, evidence }) => `${name}: ${evidence[0]}`)
    .join('; ')
}

/** Those that need an engine which cannot be had here, and why. */
async function lacksOf(subjects: readonly Subject[]): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>()
  for (const { name, file } of subjects) {
    const { engines = [] } = await loadStrategy(join(packageRoot, file))
    const reason = await services.shared(engines).then(() => undefined, messageOf)
    if (reason === undefined) continue
    found.set(name, reason)
    process.stderr.write(`skipped ${name}: ${reason}\n`)
  }
  return found
}

function times<T>(count: number, of: (run: number) => readonly T[]): T[] {
  return Array.from({ length: count }, (_, run) => of(run)).flat()
}

async function lookInTurn(): Promise<void> {
  for (let look = queue.shift(); look !== undefined && !signal.aborted; look = queue.shift()) {
    const found = await look.go({ seed: Number(options.seed) + look.run, signal, services })
    examinations.push(found)
    const complaint = look.complaint(found)
    if (complaint !== undefined) complaints.push(complaint)
    process.stderr.write(
      `${complaint === undefined ? 'ok' : `NOT OK: ${complaint}:`} ${look.name}, run ${look.run + 1}, ${found.seconds.toFixed(1)} s\n`,
    )
  }
}

function whole(text: string): number {
  if (/^\d+$/.test(text)) return Number(text)
  throw new InvalidArgumentError('Expected a whole number.')
}
