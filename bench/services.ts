import { readServices } from '../src/config.js'
import type { Engine, Services } from '../src/strategy.js'
import { messageOf } from './message-of.js'
import { UsageError } from './options.js'
import { type OpenEngines, type RunningEngine, urlOf } from './services/engine.js'
import { type Recipe, startInstance } from './services/instance.js'
import { type PostgresKit, postgresVersion, preparePostgres } from './services/postgres.js'
import { redisRecipe, redisVersion } from './services/redis.js'

export type { OpenEngines, RunningEngine } from './services/engine.js'

/** The network engines of a run: those whose addresses were given, or throwaway ones made from what is installed. */
export interface RunServices extends AsyncDisposable {
  /**
   * One of each kind for the whole run.
   * @throws Error with the one line that says why an engine cannot be had
   */
  shared(needed: readonly Engine[]): Promise<OpenEngines>
  /**
   * For the caller alone, until it disposes of them; where an address was given, that one all the same.
   * @throws Error as `shared` does
   */
  fresh(needed: readonly Engine[]): Promise<OpenEngines>
  /** What has been used so far. */
  facts(): EngineFacts[]
}

/** What the record of a run says of an engine: never its address, which may have a password. */
export interface EngineFacts {
  readonly engine: Engine
  readonly version: string
  /** `own`: a throwaway one; `given`: the user's, which nobody stops, and whose CPU time nobody sees. */
  readonly origin: 'own' | 'given'
}

/**
 * Reads the addresses, at the door and nowhere else.
 * @throws UsageError when one is no address
 */
export function givenServices(env: Readonly<Record<string, string | undefined>>): Services {
  try {
    return readServices(env)
  } catch (error) {
    throw new UsageError(messageOf(error), { cause: error })
  }
}

const versionOf = { redis: redisVersion, postgres: postgresVersion } as const

/** Starts nothing before it is asked for. Disposing ends what `shared` gave; what `fresh` gave has owners of its own. */
export function openServices(given: Services): RunServices {
  const used = new Map<Engine, RunningEngine>()
  const sharing = new Map<Engine, Promise<RunningEngine & Partial<AsyncDisposable>>>()
  let redis: Promise<Recipe> | undefined
  let kit: Promise<PostgresKit> | undefined

  async function recipeOf(engine: Engine): Promise<Recipe> {
    if (engine === 'redis') {
      redis ??= redisRecipe()
      return redis
    }
    kit ??= preparePostgres()
    return (await kit).recipe
  }

  async function start(engine: Engine): Promise<RunningEngine & Partial<AsyncDisposable>> {
    const url = urlOf[engine](given)
    const running =
      url === undefined
        ? await startInstance(await recipeOf(engine))
        : { engine, url, version: await versionOf[engine](url) }
    used.set(engine, running)
    return running
  }

  function share(engine: Engine): Promise<RunningEngine & Partial<AsyncDisposable>> {
    const running = sharing.get(engine) ?? start(engine)
    sharing.set(engine, running)
    return running
  }

  return {
    async shared(needed) {
      const engines = await Promise.all(needed.map(share))
      return { engines, services: servicesOf(engines), async [Symbol.asyncDispose]() {} }
    },
    async fresh(needed) {
      const engines: (RunningEngine & Partial<AsyncDisposable>)[] = []
      const end = () => disposeAll(engines)
      try {
        for (const engine of needed) engines.push(await start(engine))
      } catch (error) {
        await end()
        throw error
      }
      return { engines, services: servicesOf(engines), [Symbol.asyncDispose]: end }
    },
    facts: () =>
      [...used.values()].map(({ engine, version, own }) => ({
        engine,
        version,
        origin: own === undefined ? 'given' : 'own',
      })),
    async [Symbol.asyncDispose]() {
      const ends = await Promise.allSettled(sharing.values())
      await disposeAll(ends.flatMap((end) => (end.status === 'fulfilled' ? [end.value] : [])))
      await kit?.then((made) => made[Symbol.asyncDispose]()).catch(() => undefined)
    },
  }
}

async function disposeAll(engines: readonly Partial<AsyncDisposable>[]): Promise<void> {
  await Promise.all(engines.map((engine) => engine[Symbol.asyncDispose]?.()))
}

function servicesOf(engines: readonly RunningEngine[]): Services {
  const of = (kind: Engine) => engines.find(({ engine }) => engine === kind)?.url
  const [redisUrl, postgresUrl] = [of('redis'), of('postgres')]
  return { ...(redisUrl !== undefined && { redisUrl }), ...(postgresUrl !== undefined && { postgresUrl }) }
}
