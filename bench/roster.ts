import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { isModulePath } from '../src/load-strategy.js'
import { strategies } from '../src/strategies/index.js'
import type { Claims, Engine, Services } from '../src/strategy.js'
import { messageOf } from './message-of.js'
import { type Options, UsageError } from './options.js'
import { probeEntry } from './paths.js'
import { noopName, twinName } from './plan.js'
import type { ProbeResult } from './probe.js'
import { environmentWith } from './services/hand-over.js'
import type { RunServices } from './services.js'

/** A strategy that takes part, or would if this machine let it. */
export interface Entrant {
  readonly name: string
  /** What the server is told: a name or a path. */
  readonly module: string
  readonly summary: string
  readonly claims: Claims
  readonly exhibit?: string
  /** Network engines it needs; none, unless told. */
  readonly engines?: readonly Engine[]
  /** Why it cannot run here. */
  readonly skipped?: string
}

/** The six a newcomer asks about. */
export const defaultStrategies = ['memory', 'file', 'file-naive', 'hybrid', 'hybrid-naive', 'sqlite'] as const

const probeLimitMs = 15_000

/**
 * Asks each strategy, in a process of its own, whether it can run on this machine. The baseline always takes part.
 * @throws UsageError when a named strategy does not exist or cannot run
 */
export async function callRoster(
  options: Pick<Options, 'strategies' | 'reference'>,
  services: Pick<RunServices, 'shared'>,
): Promise<readonly Entrant[]> {
  const wanted = wantedModules(options)
  const entrants = await Promise.all(wanted.map((module) => callOne(module, services)))
  const named = options.strategies?.filter((name) => name !== 'all') ?? []
  for (const { module, name, skipped } of entrants) {
    const isNamed = named.includes(module) || module === options.reference
    if (isNamed && skipped !== undefined) throw new UsageError(`${name}: cannot run here: ${skipped}`)
  }
  const names = [...entrants.map(({ name }) => name), twinName, noopName]
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined)
    throw new UsageError(
      `${twice}: expected strategies of different names, and none of ${twinName} and ${noopName}, which are the controls`,
    )
  return entrants
}

function wantedModules({
  strategies: named,
  reference,
}: Pick<Options, 'strategies' | 'reference'>): readonly string[] {
  const all = strategies.map(({ name }) => name)
  const chosen = named?.flatMap((name) => (name === 'all' ? all : [name])) ?? [...defaultStrategies]
  const isUnknown = (name: string) => !isModulePath(name) && !all.includes(name)
  const unknown = chosen.find(isUnknown) ?? [reference].find(isUnknown)
  if (unknown !== undefined) {
    const option = chosen.includes(unknown) ? '--strategies' : '--reference'
    throw new UsageError(
      `${option}: expected names out of ${all.join(', ')}, or paths such as ./my-store.mjs, got ${JSON.stringify(unknown)}`,
    )
  }
  const wanted = new Set([reference, ...chosen])
  // Report order: the registry's, then third parties in the order they were named.
  return [...all.filter((name) => wanted.has(name)), ...[...wanted].filter((name) => !all.includes(name))]
}

async function callOne(module: string, services: Pick<RunServices, 'shared'>): Promise<Entrant> {
  const known = strategies.find(({ name }) => name === module)
  const result =
    known?.engines === undefined ? await runProbe(module, {}) : { found: true as const, ...known }
  if (!result.found)
    throw new UsageError(result.reason.startsWith(module) ? result.reason : `${module}: ${result.reason}`)
  const { name, summary, claims, exhibit, engines } = result
  const reason = engines === undefined ? reasonOf(result) : await tryWithEngines(module, engines, services)
  return {
    name,
    module,
    summary,
    claims,
    ...(exhibit !== undefined && { exhibit }),
    ...(engines !== undefined && { engines }),
    ...(reason !== undefined && { skipped: reason }),
  }
}

/** @returns why it cannot run here, if it cannot: the engine, its library, or it cannot use it */
async function tryWithEngines(
  module: string,
  engines: readonly Engine[],
  services: Pick<RunServices, 'shared'>,
): Promise<string | undefined> {
  try {
    return reasonOf(await runProbe(module, (await services.shared(engines)).services))
  } catch (error) {
    return messageOf(error).split('\n')[0]
  }
}

function reasonOf(result: ProbeResult): string | undefined {
  return result.reason
}

async function runProbe(module: string, services: Services): Promise<ProbeResult> {
  const known = strategies.find(({ name }) => name === module)
  // Made and removed here: a native module that takes the trial's process with it cannot tidy up.
  const dataDir = await mkdtemp(join(tmpdir(), 'crossworker-probe-'))
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [probeEntry, module, dataDir], {
      timeout: probeLimitMs,
      env: environmentWith(services),
    })
    return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '')
  } catch (error) {
    const reason = `a trial of it ${describeEnd(error)}`
    return known === undefined ? { found: false, reason } : { ...known, found: true, reason }
  } finally {
    await rm(dataDir, { recursive: true, force: true })
  }
}

function describeEnd(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if ('killed' in error && error.killed === true) return `did not end within ${probeLimitMs / 1_000} s`
  if ('signal' in error && typeof error.signal === 'string') return `was ended by ${error.signal}`
  if ('code' in error && typeof error.code === 'number') return `ended with exit code ${error.code}`
  return `failed: ${error.message.split('\n')[0]}`
}
