import { randomBytes } from 'node:crypto'
import {
  checkAnswer,
  checkHost,
  checkId,
  checkStore,
  describe,
  Misfit,
  throughJson,
} from '../../src/shape.js'
import type { Awaitable, CaptchaStore, Services, Strategy } from '../../src/strategy.js'

/** One store, once through all it has to do: what does not fit the contract is named before anything is measured. */

/** The longest that any one thing may take, ms. */
export const stepLimitMs = 6_000

export interface Trial {
  readonly strategy: Strategy
  readonly dataDir: string
  readonly services: Services
  /** Told what is about to be done: the last that was told of is what a process that hangs is in. */
  readonly begin: (step: string) => void
}

/**
 * Opens a store, issues, reads and takes, and closes it.
 * @throws Misfit; or Error with the member's name and what it threw, which may be this machine's fault
 */
export async function tryOnce({ strategy, dataDir, services, begin }: Trial): Promise<void> {
  const step = <T>(name: string, act: () => Awaitable<T>): Promise<T> => {
    begin(name)
    return limited(name, act)
  }
  const place = { dataDir, workers: 1, secret: randomBytes(32), services } as const
  const host = await step('host', () =>
    strategy.host?.({ ...place, topology: 'processes', fleetHost: '127.0.0.1' }),
  )
  checkHost(host)
  const store = await step('open', () =>
    strategy.open({
      ...place,
      workerId: 0,
      handoff: throughJson(host?.handoff ?? null),
      call: async (message) => throughJson(await host?.handle?.(throughJson(message), 0)),
    }),
  )
  checkStore(store)
  await use(store, step)
  await step('close', () => store.close())
  await step('host().close', () => host?.close())
}

type Step = <T>(name: string, act: () => Awaitable<T>) => Promise<T>

async function use(store: CaptchaStore, step: Step): Promise<void> {
  const issue = async () => checkId(await step('issue', () => store.issue('PROBE', 60_000)))
  const [first, second] = [await issue(), await issue()]
  if (first === second)
    throw new Misfit(`issue: expected another id for every captcha, got ${JSON.stringify(first)} twice`)
  const unknown = randomBytes(18).toString('base64url')
  for (const verb of ['read', 'take'] as const)
    for (const id of [second, unknown])
      checkAnswer(
        `${verb}${id === unknown ? ' of an id that was never issued' : ''}`,
        await step(verb, () => store[verb](id)).catch(unlessFailing),
      )
}

/** A read or a take may fail: that is answered with 503, and how often it happens is for the run to count. */
function unlessFailing(error: unknown): undefined {
  if (error instanceof Misfit) throw error
}

async function limited<T>(name: string, act: () => Awaitable<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const limit = new Promise<never>((_resolve, reject) => {
    const late = `${name}: expected an end within ${stepLimitMs / 1_000} s, got none`
    timer = setTimeout(() => reject(new Misfit(late)), stepLimitMs)
  })
  try {
    return await Promise.race([
      (async () => act())().catch((cause) => Promise.reject(thrown(name, cause))),
      limit,
    ])
  } finally {
    clearTimeout(timer)
  }
}

function thrown(name: string, cause: unknown): Error {
  return new Error(`${name}: ${cause instanceof Error ? cause.message : describe(cause)}`, { cause })
}
