import { randomBytes } from 'node:crypto'
import { openSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { conformance, type Law, missingLibrary } from '../conformance.js'
import { strategies } from '../strategies/all.js'
import type { CaptchaStore, Claims, Strategy, WorkerContext } from '../strategy.js'
import { testEngines } from './engines.js'

const { services, lack } = await testEngines(['redis', 'postgres'])

/** An exhibit that does not claim single use is shown for that, and keeps all that it claims. */
const keepers = strategies.filter(({ exhibit, claims }) => exhibit === undefined || !claims.singleUse)

for (const strategy of keepers) {
  // Each has a host of its own, and most of its time is waiting for its captchas to end.
  describe.concurrent(strategy.name, () => {
    // A law its claims do not ask for is none of its laws, and no test that was skipped.
    for (const law of conformance(strategy, { services }).filter(({ skip }) => skip === undefined)) {
      test(law.name, async ({ skip }) => {
        const lacking = lack(strategy)
        if (lacking !== undefined) skip(lacking)
        try {
          await law.run()
        } catch (error) {
          const reason = missingLibrary(error)
          if (reason === undefined) throw error
          skip(reason)
        }
      })
    }
  })
}

async function brokenLaws(laws: readonly Law[]): Promise<string[]> {
  const outcomes = await Promise.allSettled(laws.map((law) => law.run()))
  return laws.filter((_, index) => outcomes[index]?.status === 'rejected').map(({ name }) => name)
}

/** What each flaw breaks every time, whatever the timing; races may break more. */
const flaws: Readonly<Record<string, readonly string[]>> = {
  token: ['a second take says undefined', 'of twenty takes at once exactly one gets the answer'],
  'file-naive': ['a take leaves every other captcha alone', 'a restart of the server keeps what was issued'],
  'hybrid-naive': ['a take by one worker is final for the other'],
}

/** Thousands of captchas, and an exhibit rewrites all it knows with each of them. */
const voluminous = [
  'ids are base64url text that nobody can guess',
  'two thousand live captchas are all found',
]

describe('exhibits', () => {
  for (const strategy of strategies.filter(({ exhibit }) => exhibit !== undefined)) {
    test(`the suite catches ${strategy.name} when it claims single use`, async ({ annotate }) => {
      const claiming = { ...strategy, claims: { ...strategy.claims, singleUse: true } }
      const laws = conformance(claiming, { services }).filter(({ name }) => !voluminous.includes(name))
      const names = await brokenLaws(laws)
      await annotate(`breaks: ${names.join(' · ')}`)
      expect(names).toEqual(expect.arrayContaining([...(flaws[strategy.name] ?? [])]))
      expect(names).not.toEqual([])
    })
  }
})

interface Captcha {
  readonly answer: string
  readonly expiresAt: number
}

/** Keeps all laws within one process: a Map per data directory, or, through `host`, one that ends with the primary. */
function modelStore(captchas: Map<string, Captcha>): CaptchaStore {
  const alive = (id: string) => {
    const captcha = captchas.get(id)
    return captcha !== undefined && captcha.expiresAt > Date.now() ? captcha.answer : undefined
  }
  return {
    issue(answer, ttlMs) {
      const id = randomBytes(18).toString('base64url')
      captchas.set(id, { answer, expiresAt: Date.now() + ttlMs })
      return id
    },
    read: alive,
    take(id) {
      const answer = alive(id)
      captchas.delete(id)
      return answer
    },
    close() {},
  }
}

const claims: Claims = { scope: 'host', singleUse: true, survives: 'restart' }

function modelStrategy(
  change: (store: CaptchaStore, worker: WorkerContext) => Partial<CaptchaStore>,
  over: Partial<Strategy> = {},
): Strategy {
  const media = new Map<string, Map<string, Captcha>>()
  return {
    name: 'model',
    summary: 'A Map per data directory.',
    claims,
    open(worker) {
      const captchas = media.get(worker.dataDir) ?? new Map<string, Captcha>()
      media.set(worker.dataDir, captchas)
      const store = modelStore(captchas)
      return { ...store, ...change(store, worker) }
    },
    ...over,
  }
}

type Verb = 'issue' | 'read' | 'take'
type Call = readonly [verb: Verb, ...args: readonly (string | number)[]]

/** Its store lives in the primary and is asked by `call`: what a manager process does. */
const called: Strategy = {
  name: 'called',
  summary: 'Asks the primary.',
  claims: { ...claims, survives: 'worker-crash' },
  open({ call }) {
    const ask = async (message: Call) => {
      const answer = await call(message)
      return typeof answer === 'string' ? answer : undefined
    }
    return {
      issue: async (answer, ttlMs) => (await ask(['issue', answer, ttlMs])) ?? '',
      read: (id) => ask(['read', id]),
      take: (id) => ask(['take', id]),
      close() {},
    }
  },
  host() {
    const store = modelStore(new Map())
    return {
      handle(message) {
        const [verb, text, ttlMs] = message as [Verb, string, number]
        return verb === 'issue' ? store.issue(text, ttlMs) : store[verb](text)
      },
      close() {},
    }
  },
}

type Mutant = readonly [flaw: string, broken: string, strategy: Strategy]

const mutants: readonly Mutant[] = [
  ['take keeps', 'a second take says undefined', modelStrategy((store) => ({ take: store.read }))],
  ['read consumes', 'reading does not consume', modelStrategy((store) => ({ read: store.take }))],
  [
    'take checks, waits, then removes',
    'of twenty takes at once exactly one gets the answer',
    modelStrategy((store) => ({
      async take(id) {
        const answer = await store.read(id)
        await new Promise(setImmediate)
        await store.take(id)
        return answer
      },
    })),
  ],
  [
    'ids count up',
    'ids are base64url text that nobody can guess',
    modelStrategy((store) => {
      const real = new Map<string, string>()
      return {
        async issue(answer, ttlMs) {
          const id = String(real.size).padStart(24, '0')
          real.set(id, await store.issue(answer, ttlMs))
          return id
        },
      }
    }),
  ],
  [
    'ids are not base64url',
    'ids are base64url text that nobody can guess',
    modelStrategy((store) => ({ issue: async (answer, ttlMs) => `${await store.issue(answer, ttlMs)}=` })),
  ],
  [
    'names of Object.prototype are found',
    'unknown ids are undefined and harm nothing',
    modelStrategy((store) => ({ read: (id) => (id in {} ? 'found' : store.read(id)) })),
  ],
  [
    'unknown ids throw',
    'unknown ids are undefined and harm nothing',
    modelStrategy((store) => ({
      async take(id) {
        if ((await store.read(id)) === undefined) throw new Error('not found')
        return store.take(id)
      },
    })),
  ],
  [
    'answers are trimmed',
    'answers come back verbatim',
    modelStrategy((store) => ({ issue: (answer, ttlMs) => store.issue(answer.trim(), ttlMs) })),
  ],
  [
    'captchas live on',
    'an expired captcha is neither read nor taken',
    modelStrategy((store) => ({ issue: (answer, ttlMs) => store.issue(answer, ttlMs + 50) })),
  ],
  [
    'captchas die early',
    'a captcha is found until its time is over',
    modelStrategy((store) => ({ issue: (answer, ttlMs) => store.issue(answer, ttlMs - 200) })),
  ],
  [
    'all captchas get one lifetime',
    'each captcha has a lifetime of its own',
    modelStrategy((store) => ({ issue: (answer) => store.issue(answer, 60_000) })),
  ],
  [
    'it forgets beyond a thousand',
    'two thousand live captchas are all found',
    modelStrategy((store) => {
      let issued = 0
      return {
        issue: (answer, ttlMs) => store.issue(answer, ++issued > 1_000 ? 1 : ttlMs),
      }
    }),
  ],
  [
    'workers share nothing',
    "workers of one host see one another's captchas",
    modelStrategy(() => modelStore(new Map())),
  ],
  [
    'a host hidden from the fleet',
    "hosts of one fleet see one another's captchas",
    modelStrategy(() => ({}), { claims: { ...claims, scope: 'fleet' } }),
  ],
  [
    'it ends with its host',
    'a restart of the server keeps what was issued',
    { ...called, claims: { ...claims, survives: 'restart' } },
  ],
  [
    'a rejection after close',
    'nothing happens after close, and no file stays open',
    modelStrategy(() => ({ close: () => void Promise.reject(new Error('planted: too late')) })),
  ],
  [
    'a file left open',
    'nothing happens after close, and no file stays open',
    modelStrategy((_store, { dataDir }) => {
      openSync(join(dataDir, 'left-open'), 'w')
      return {}
    }),
  ],
]

describe('the suite itself', () => {
  test('finds nothing wrong with a strategy that keeps the laws', async () => {
    expect(await brokenLaws(conformance(modelStrategy(() => ({}))))).toEqual([])
  })

  test('wires host, handoff and call as the cluster does', async () => {
    expect(await brokenLaws(conformance(called))).toEqual([])
  })

  for (const [flaw, name, strategy] of mutants) {
    test(`catches a flaw: ${flaw}`, async () => {
      const law = conformance(strategy).find((candidate) => candidate.name === name)
      await expect(law?.run()).rejects.toThrow(`model: ${name}: `.replace('model', strategy.name))
    })
  }

  test('asks of a process-wide store only what one store can keep', () => {
    const narrow = modelStrategy(() => ({}), {
      claims: { scope: 'process', singleUse: false, survives: 'nothing' },
    })
    const skipped = conformance(narrow).filter(({ skip }) => skip !== undefined)
    expect(skipped.map(({ skip }) => skip?.split(' ')[0])).toEqual(expect.arrayContaining(['claims.scope']))
    expect(skipped.length).toBeGreaterThanOrEqual(9)
  })

  test('tells a missing library from a broken store', () => {
    const missing = Object.assign(new Error("Cannot find package 'lmdb'"), { code: 'ERR_MODULE_NOT_FOUND' })
    expect(missingLibrary(new Error('law: …', { cause: missing }))).toBe("Cannot find package 'lmdb'")
    expect(missingLibrary(new Error('disk full'))).toBeUndefined()
  })
})
