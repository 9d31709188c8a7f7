import { isModulePath } from '../src/load-strategy.js'
import { strategies } from '../src/strategies/all.js'
import type { Claims, Engine, Services } from '../src/strategy.js'
import { everyone } from './gates.js'
import { firstLineOf, messageOf } from './message-of.js'
import { type Options, UsageError } from './options.js'
import { noopName, twinName } from './plan.js'
import { startProbe } from './probe/start.js'
import type { ProbeResult } from './probe.js'
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

/**
 * Asks each strategy, in a process of its own, whether it can run on this machine. The baseline always takes part.
 * @throws UsageError when a named strategy does not exist or cannot run
 */
export async function callRoster(
  options: Pick<Options, 'strategies' | 'reference'>,
  services: Pick<RunServices, 'shared'>,
): Promise<readonly Entrant[]> {
  const wanted = wantedModules(options)
  const entrants = await callAll(wanted, services)
  const named = options.strategies?.filter((name) => name !== 'all') ?? []
  const refused = entrants.filter(
    ({ module, skipped }) => skipped !== undefined && [...named, options.reference].includes(module),
  )
  if (refused.length > 0)
    throw complaintOf(refused.map(({ name, skipped }) => `${name}: cannot run here: ${skipped}`))
  const names = [...entrants.map(({ name }) => name), twinName, noopName, everyone]
  const twice = names.find((name, index) => names.indexOf(name) !== index)
  if (twice !== undefined)
    throw new UsageError(
      `${twice}: expected strategies of different names, and none of ${twinName} and ${noopName}, which are the controls, and ${everyone}, which are all of them`,
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

/** What is wrong with all of them, a line each: who brings several need not come back for each. */
async function callAll(
  modules: readonly string[],
  services: Pick<RunServices, 'shared'>,
): Promise<readonly Entrant[]> {
  const called = await Promise.allSettled(modules.map((module) => callOne(module, services)))
  const reasons = called.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []))
  const other = reasons.find((reason) => !(reason instanceof UsageError))
  if (other !== undefined) throw other
  if (reasons.length > 0) throw complaintOf(reasons.map(messageOf))
  return called.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []))
}

function complaintOf(lines: readonly string[]): UsageError {
  return new UsageError(lines.join('\ncrossworker: '))
}

async function callOne(module: string, services: Pick<RunServices, 'shared'>): Promise<Entrant> {
  const known = strategies.find(({ name }) => name === module)
  const first = known?.engines === undefined ? await runProbe(module, {}) : { ...known, found: true as const }
  const found = foundIn(first, module)
  const { name, summary, claims, exhibit, engines, reason } =
    found.engines === undefined ? found : foundIn(await tryWithEngines(found, module, services), module)
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

type Found = Extract<ProbeResult, { found: true }>

/** @throws UsageError when it is no strategy, or does what none may */
function foundIn(result: ProbeResult, module: string): Found {
  const wrong = result.found ? result.misfit : result.reason
  if (wrong === undefined && result.found) return result
  throw new UsageError(wrong?.startsWith(module) ? wrong : `${module}: ${wrong}`)
}

/** @returns with `reason`, why it cannot run here, if it cannot: the engine, its library, or it cannot use it */
async function tryWithEngines(
  found: Found,
  module: string,
  services: Pick<RunServices, 'shared'>,
): Promise<ProbeResult> {
  try {
    return await runProbe(module, (await services.shared(found.engines ?? [])).services)
  } catch (error) {
    return { ...found, reason: firstLineOf(error) }
  }
}

/** One of the registry that takes its process with it cannot run here; another's module is at fault itself. */
async function runProbe(module: string, services: Services): Promise<ProbeResult> {
  const known = strategies.find(({ name }) => name === module)
  try {
    return await startProbe(module, services)
  } catch (error) {
    const reason = messageOf(error)
    return known === undefined ? { found: false, reason } : { ...known, found: true, reason }
  }
}
