import { type CaptchaStore, type Host, idPattern, type Strategy } from './strategy.js'

/** The shapes of the contract, for modules no compiler has seen: each complaint names the member, what was expected and what came. */

/** What was named is not a strategy; one line that says what was expected, what came and what to do. */
export class StrategyError extends Error {
  override readonly name = 'StrategyError'
}

/** What a strategy returned is not what the contract says. */
export class Misfit extends Error {
  override readonly name = 'Misfit'
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

export function isObject(value: unknown): value is Record<string, unknown> {
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

/** @throws Misfit */
export function checkHost(host: Host | undefined): void {
  if (host === undefined) return
  if (typeof host !== 'object' || host === null)
    throw new Misfit(`host: expected an object with close, got ${describe(host)}`)
  if (typeof host.close !== 'function')
    throw new Misfit(`host().close: expected a function, got ${describe(host.close)}`)
  if (host.handle !== undefined && typeof host.handle !== 'function')
    throw new Misfit(`host().handle: expected a function or nothing, got ${describe(host.handle)}`)
}

/** @throws Misfit */
export function checkStore(store: CaptchaStore): void {
  if (typeof store !== 'object' || store === null)
    throw new Misfit(`open: expected an object with issue, read, take and close, got ${describe(store)}`)
  for (const member of ['issue', 'read', 'take', 'close'] as const) {
    if (typeof store[member] !== 'function')
      throw new Misfit(
        `open: expected an object with issue, read, take and close, got one whose ${member} is ${describe(store[member])}`,
      )
  }
}

/** @throws Misfit */
export function checkId(id: string): string {
  if (typeof id === 'string' && idPattern.test(id)) return id
  throw new Misfit(
    `issue: expected an id, 1 to 512 characters out of A-Z, a-z, 0-9, - and _, got ${describe(id)}`,
  )
}

/** @throws Misfit */
export function checkAnswer(what: string, answer: unknown): void {
  if (answer === undefined || typeof answer === 'string') return
  throw new Misfit(`${what}: expected the answer's text or undefined, got ${describe(answer)}`)
}

/** What a message of the cluster goes through: `undefined` members, Maps and Dates do not come out as they went in. */
export function throughJson<T>(value: T): T {
  const { copied } = JSON.parse(JSON.stringify({ copied: value }))
  return copied
}
