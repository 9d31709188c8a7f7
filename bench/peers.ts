import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { versionOf } from './environment.js'
import { exitCodeOf, exitCodes } from './exit-code.js'
import { interruption } from './interruption.js'
import { parseResults } from './judge.js'
import { messageOf } from './message-of.js'
import { folderOf, packageRoot } from './paths.js'
import { type PeerGroup, peerGroups } from './peers/index.js'
import { type PeersRun, peersReport } from './report/peers.js'

/**
 * npm run bench:peers: a run for each group of peers and the counterparts of ours, by the program that everybody's strategies are
 * measured with, then one table of all runs. The exit code is about ours: what a peer breaks is in the table, and no news to a script
 * that asks whether this project still keeps its word.
 */

const program = new Command('bench:peers')
  .description(
    'Runs libraries people use beside our strategies, and writes peers.md: what each loses, replays and costs.',
  )
  .option(
    '--groups <names>',
    `out of ${peerGroups.map(({ name }) => name).join(', ')} (default: all)`,
    groupsNamed,
  )
  .option('--quick', 'a glance of about 100 seconds a group, wide intervals', false)
  .option('--seed <n>', 'of every group')
  .option('--out <dir>', 'where runs and peers.md go; groups with a run there stay in it', 'results/peers')
  .option('--report', 'run nothing: only write peers.md anew from the runs that are there', false)
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : exitCodes.unmeasured))
  .parse()
const options = program.opts()
const groups: readonly PeerGroup[] = options.groups ?? peerGroups
const signal = interruption()
/** Runs are told it as it was given: their record of the command names no folder of this machine. */
const home = resolve(packageRoot, options.out)

const codes: number[] = []
const missing: string[] = []
const runs: PeersRun[] = []
for (const group of peerGroups) {
  const isAsked = groups.includes(group)
  // Groups that were not asked for keep their rows, as long as their runs are there.
  if (!isAsked && !existsSync(join(home, group.name, 'latest.json'))) continue
  try {
    if (isAsked && !options.report) await measure(group)
    const run = await readRun(group)
    runs.push(run)
    if (isAsked) codes.push(codeOf(group, run))
  } catch (error) {
    process.stderr.write(`bench:peers: ${group.name}: ${messageOf(error)}\n`)
    missing.push(group.name)
    codes.push(exitCodes.unmeasured)
  }
}
const report = peersReport(runs, missing)
await mkdir(home, { recursive: true })
await writeFile(join(home, 'peers.md'), report)
process.stdout.write(`${report}\nreport: ${join(options.out, 'peers.md')}\n`)
process.exitCode = signal.aborted ? exitCodes.unmeasured : worst(codes)

async function measure(group: PeerGroup): Promise<void> {
  if (signal.aborted) throw new Error('ended before it was measured')
  // What an earlier run left there must not be taken for what this one did not.
  await rm(join(home, group.name, 'latest.json'), { force: true })
  const argv = [...argumentsFor(group), '--out', join(options.out, group.name)]
  const child = spawn(process.execPath, [join(packageRoot, 'dist/bench/main.js'), ...argv], {
    cwd: packageRoot,
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  // A Ctrl-C in a terminal reaches both, and a second one would end the run at once: another signal, which it takes as well.
  signal.addEventListener('abort', () => child.kill('SIGTERM'), { once: true })
  await once(child, 'exit')
  const versions = `${JSON.stringify(await versionsOf(group), null, 1)}\n`
  await mkdir(join(home, group.name), { recursive: true })
  await writeFile(join(home, group.name, 'versions.json'), versions)
}

function argumentsFor({ ours, peers }: PeerGroup): readonly string[] {
  const modules = peers.map(({ name }) => `./dist/bench/peers/${name}.js`)
  return [
    ...['--strategies', [...ours, ...modules].join(',')],
    ...['--reference', ours[0] ?? 'memory'],
    ...['--budget', `${secondsFor(ours.length + peers.length)}s`],
    ...['--captchas', '2000', '--races', '800'],
    // Asked for by name, the correctness study takes some minutes a strategy, unless in a hurry.
    ...(options.quick ? ['--quick', '--only', 'timing,correctness'] : []),
    ...(options.seed === undefined ? [] : ['--seed', options.seed]),
  ]
}

/** What a run keeps for correctness, with an engine for each at the most, and for timing 25 s for each arm, in a hurry 8. */
function secondsFor(strategies: number): number {
  const arms = strategies + 2
  return 20 + 20 * strategies + (options.quick ? 8 : 25) * arms
}

async function versionsOf({ peers }: PeerGroup): Promise<Readonly<Record<string, string>>> {
  const names = [...new Set(peers.flatMap(({ libraries }) => libraries))]
  const versions = names.map(async (name) => [name, await versionOf(folderOf(name))] as const)
  return Object.fromEntries(await Promise.all(versions))
}

/** @throws Error when there are no results: what the run said of that is on stderr */
async function readRun({ name, peers }: PeerGroup): Promise<PeersRun> {
  const read = (file: string) =>
    readFile(join(home, name, file), 'utf8').catch((cause) => {
      throw new Error(`expected results in ${join(options.out, name)}, got none`, { cause })
    })
  const versions: Readonly<Record<string, string>> = JSON.parse(await read('versions.json'))
  return { facts: peers, versions, results: parseResults(await read('latest.json')) }
}

/** Peers count as exhibits do here, and nowhere else: unmeasured is unmeasured, but broken is what they are shown for. */
function codeOf({ peers }: PeerGroup, { results: { run, strategies } }: PeersRun): number {
  const isPeer = (name: string) => peers.some((peer) => peer.name === name)
  return exitCodeOf({
    run,
    strategies: strategies.map((strategy) =>
      isPeer(strategy.name) ? { ...strategy, exhibit: 'a peer' } : strategy,
    ),
  })
}

/** A broken claim of ours outweighs what could not be measured, and that what stayed undecided. */
function worst(found: readonly number[]): number {
  const order = [exitCodes.broken, exitCodes.unmeasured, exitCodes.undecided]
  return order.find((code) => found.includes(code)) ?? exitCodes.kept
}

function groupsNamed(text: string): readonly PeerGroup[] {
  return text.split(',').map((name) => {
    const found = peerGroups.find((group) => group.name === name.trim())
    if (found !== undefined) return found
    throw new InvalidArgumentError(
      `Expected groups out of ${peerGroups.map((group) => group.name).join(', ')}.`,
    )
  })
}
