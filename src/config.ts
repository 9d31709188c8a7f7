import { randomBytes } from 'node:crypto'
import { resolve } from 'node:path'
import type { Services, Topology } from './strategy.js'

/** Everything the server is told from outside. Frozen; read once, from the environment, and nowhere else. */
export interface Config {
  /** Name in the registry, or a path to a module whose default export is a strategy. */
  readonly strategy: string
  readonly workers: number
  readonly topology: Topology
  readonly host: string
  /** 0 = any free port. Threads have one each: this one and those after it. */
  readonly port: number
  /** Name or address at which the other hosts of the fleet reach this one; `host`, unless given. */
  readonly fleetHost: string
  readonly dataDir: string
  readonly ttlMs: number
  /** 32 bytes. */
  readonly secret: Uint8Array
  readonly services: Services
  /** Bench mode: answers carry `x-captcha-answer` and `x-captcha-id`. Never in production. */
  readonly revealAnswers: boolean
  readonly render: 'svg' | 'none'
}

/** A setting that cannot be used; the message is one line and names the variable, what was expected and what came. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Parses the environment.
 * @throws ConfigError for the first setting that does not fit
 */
export function readConfig(env: Environment): Config {
  const revealAnswers = flag(env, 'REVEAL_ANSWERS')
  if (revealAnswers && env.NODE_ENV === 'production') {
    throw new ConfigError(
      'REVEAL_ANSWERS: expected to be unset under NODE_ENV=production, got 1: it prints every answer in a header',
    )
  }
  return Object.freeze({
    strategy: env.STRATEGY || 'hybrid',
    workers: integer(env, { name: 'WORKERS', fallback: 4, min: 1, max: 256 }),
    topology: oneOf(env, 'TOPOLOGY', ['processes', 'threads']),
    host: env.HOST || '127.0.0.1',
    port: integer(env, { name: 'PORT', fallback: 3000, min: 0, max: 65_535 }),
    fleetHost: fleetHost(env) || env.HOST || '127.0.0.1',
    dataDir: resolve(env.DATA_DIR || 'data'),
    ttlMs: integer(env, { name: 'CAPTCHA_TTL_MS', fallback: 120_000, min: 1, max: 86_400_000 }),
    secret: secret(env),
    services: readServices(env),
    revealAnswers,
    render: oneOf(env, 'RENDER', ['svg', 'none']),
  })
}

interface IntegerSetting {
  readonly name: string
  readonly fallback: number
  readonly min: number
  readonly max: number
}

function integer(env: Environment, { name, fallback, min, max }: IntegerSetting): number {
  const text = env[name]
  if (text === undefined || text === '') return fallback
  const value = Number(text)
  if (/^\d+$/.test(text) && value >= min && value <= max) return value
  throw new ConfigError(`${name}: expected a whole number from ${min} to ${max}, got ${JSON.stringify(text)}`)
}

/** The first choice is the default. */
function oneOf<const T extends string>(env: Environment, name: string, choices: readonly [T, ...T[]]): T {
  const text = env[name]
  if (text === undefined || text === '') return choices[0]
  const found = choices.find((choice) => choice === text)
  if (found !== undefined) return found
  throw new ConfigError(`${name}: expected ${choices.join(' or ')}, got ${JSON.stringify(text)}`)
}

function flag(env: Environment, name: string): boolean {
  return oneOf(env, name, ['0', '1']) === '1'
}

function fleetHost({ FLEET_HOST: text }: Environment): string | undefined {
  if (!text || /^[\w.:-]{1,253}$/.test(text)) return text
  throw new ConfigError(`FLEET_HOST: expected a host's name or address, got ${JSON.stringify(text)}`)
}

/** Its value stays out of the message: it is a secret even when it is malformed. */
function secret(env: Environment): Uint8Array {
  const text = env.CAPTCHA_SECRET
  if (text === undefined || text === '') return randomBytes(32)
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex')
  throw new ConfigError(`CAPTCHA_SECRET: expected 64 hexadecimal digits, got ${text.length} characters`)
}

/**
 * The addresses of the network engines.
 * @throws ConfigError for one that is none
 */
export function readServices(env: Environment): Services {
  const redisUrl = serviceUrl(env, 'REDIS_URL', ['redis', 'rediss', 'unix'])
  const postgresUrl = serviceUrl(env, 'DATABASE_URL', ['postgres', 'postgresql'])
  return Object.freeze({ ...(redisUrl && { redisUrl }), ...(postgresUrl && { postgresUrl }) })
}

/** A service URL may carry a password, or be one by mistake: the message shows its scheme, where it has one, and nothing else. */
function serviceUrl(env: Environment, name: string, schemes: readonly string[]): string | undefined {
  const text = env[name]
  const scheme = /^([a-z][a-z+]*):\/\//i.exec(text ?? '')?.[1] ?? ''
  if (!text || schemes.includes(scheme)) return text
  throw new ConfigError(
    `${name}: expected a URL that begins with ${schemes.join(':, ')}:, got ${scheme ? `one that begins with ${scheme}:` : 'one without a scheme'}`,
  )
}
