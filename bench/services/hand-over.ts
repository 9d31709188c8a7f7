import type { Services } from '../../src/strategy.js'

/** How programs of the harness's own are given the engines' addresses: not as arguments, which everybody can see. */
const variable = 'CROSSWORKER_SERVICES'

/** The environment of such a program: what it inherits, without the addresses that were given to the harness. */
export function environmentWith(services: Services): NodeJS.ProcessEnv {
  return { ...withoutServices(process.env), [variable]: JSON.stringify(services) }
}

export function handedOver(): Services {
  return JSON.parse(process.env[variable] ?? '{}')
}

export function withoutServices(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { REDIS_URL: _redis, DATABASE_URL: _postgres, [variable]: _handed, ...others } = env
  return others
}

/** As a server is told them. */
export function serverSettings({ redisUrl, postgresUrl }: Services): Readonly<Record<string, string>> {
  return { ...(redisUrl && { REDIS_URL: redisUrl }), ...(postgresUrl && { DATABASE_URL: postgresUrl }) }
}
