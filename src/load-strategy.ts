import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { strategies } from './strategies/index.js'
import type { Strategy } from './strategy.js'

/** What was named is not a strategy; one line that says what was expected, what came and what to do. */
export class StrategyError extends Error {
  override readonly name = 'StrategyError'
}

/** A name with a slash, a backslash or a dot is a path to a module, relative to the working directory. */
export function isModulePath(nameOrPath: string): boolean {
  return /[./\\]/.test(nameOrPath)
}

/**
 * Finds a strategy by its name in the registry, or imports the module at a path.
 * @throws StrategyError when there is none or it does not fit the contract
 */
export async function loadStrategy(nameOrPath: string): Promise<Strategy> {
  if (isModulePath(nameOrPath)) return parseStrategy(await importModule(nameOrPath), nameOrPath)
  const found = strategies.find((strategy) => strategy.name === nameOrPath)
  if (found !== undefined) return found
  const names = strategies.map((strategy) => strategy.name).join(', ')
  throw new StrategyError(
    `expected one of ${names}, or a path to a module such as ./my-store.mjs, got ${JSON.stringify(nameOrPath)}`,
  )
}

async function importModule(path: string): Promise<unknown> {
  if (/\.[cm]?ts$/.test(path)) {
    throw new StrategyError(
      `${path}: expected JavaScript, got TypeScript; compile it first and name the .js file`,
    )
  }
  try {
    const module: object = await import(pathToFileURL(resolve(path)).href)
    return defaultOf(module, path)
  } catch (cause) {
    if (cause instanceof StrategyError) throw cause
    throw new StrategyError(`${path}: could not be imported: ${told(cause)}`, { cause })
  }
}

/** Of a module that a compiler turned into CommonJS, the default export lies one step deeper. */
function defaultOf(module: object, path: string): unknown {
  const found = 'default' in module ? module.default : undefined
  if (isObject(found) && found.__esModule === true) return found.default
  if (found !== undefined) return found
  const names = Object.keys(module).join(', ')
  const got = names === '' ? 'no export' : `no default among its exports: ${names}`
  throw new StrategyError(`${path}: expected a strategy as the default export, got ${got}`)
}

/** A syntax error's message does not say where it is, but the first line of its stack does. */
function told(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  const line = /^file:.*:(\d+)\n/.exec(cause.stack ?? '')?.[1]
  return `${cause.message.split('\n')[0]}${line === undefined ? '' : ` (line ${line})`}`
}

type Check = readonly [member: string, expected: string, fits: (value: unknown) => boolean]

const memberChecks: readonly Check[] = [
  [
    'name',
    '1 to 40 of a-z, 0-9 and -',
    (value) => typeof value === 'string' && /^[a-z0-9-]{1,40}$/.test(value),
  ],
  ['summary', 'one sentence', (value) => typeof value === 'string' && value !== ''],
  ['claims', 'an object', isObject],
  ['open', 'a function', (value) => typeof value === 'function'],
  ['host', 'a function or nothing', (value) => value === undefined || typeof value === 'function'],
  ['exhibit', 'text or nothing', (value) => value === undefined || typeof value === 'string'],
  ['engines', "a list of 'redis' and 'postgres', or nothing", isEngineList],
]

const claimChecks: readonly Check[] = [
  ['scope', 'process, threads, host or fleet', isOneOf('process', 'threads', 'host', 'fleet')],
  ['singleUse', 'true or false', (value) => typeof value === 'boolean'],
  [
    'survives',
    'nothing, worker-crash, restart or power-loss',
    isOneOf('nothing', 'worker-crash', 'restart', 'power-loss'),
  ],
]

/**
 * Holds a module's default export against the contract's shape, once, at the door.
 * @throws StrategyError that names the first member that does not fit
 */
export function parseStrategy(value: unknown, origin: string): Strategy {
  if (!isObject(value)) {
    const hint = typeof value === 'function' ? '; export the object itself, not what makes it' : ''
    throw new StrategyError(
      `${origin}: expected a strategy as the default export, got ${describe(value)}${hint}`,
    )
  }
  checkMembers(value, memberChecks, { origin, prefix: '' })
  if (isObject(value.claims)) checkMembers(value.claims, claimChecks, { origin, prefix: 'claims.' })
  return value as unknown as Strategy
}

function checkMembers(
  value: Record<string, unknown>,
  checks: readonly Check[],
  { origin, prefix }: { origin: string; prefix: string },
): void {
  for (const [member, expected, fits] of checks) {
    if (fits(value[member])) continue
    throw new StrategyError(
      `${origin}: ${prefix}${member}: expected ${expected}, got ${describe(value[member])}`,
    )
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function isEngineList(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.every(isOneOf('redis', 'postgres')))
}

function isOneOf(...choices: readonly unknown[]): (value: unknown) => boolean {
  return (value) => choices.includes(value)
}

/** Short, for the end of a sentence. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 60))
  if (typeof value === 'number' || typeof value === 'boolean') return `the ${typeof value} ${value}`
  if (value === null || value === undefined) return String(value)
  if (Array.isArray(value)) return 'an array'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
