/**
 * THE CONFORMANCE SUITE: the contract's laws as a table of plain data, for any test runner.
 *
 *     for (const law of conformance(myStrategy)) test(law.name, { skip: law.skip ?? false }, () => law.run())
 *
 * Each law runs in a fresh data directory, wired as the cluster wires it: `host` first, then the stores of worker 0 and
 * worker 1, and everything that passes between them as JSON. A law that does not hold throws an AssertionError.
 * Both stores live in one process here, so races between processes and crashes are left to the correctness study.
 */
import { AssertionError, strict as assert } from 'node:assert'
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { mkdtemp, readdir, readlink, realpath } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { checkHost, checkStore, parseStrategy, throughJson } from './shape.js'
import {
  type CaptchaStore,
  type Claims,
  type Host,
  idPattern,
  type Services,
  type Strategy,
  type Topology,
} from './strategy.js'

export interface Law {
  /** A sentence. */
  readonly name: string
  /** Why the strategy's claims do not ask for this law; `run` then does nothing. */
  readonly skip?: string
  /** @throws AssertionError that says what was expected and what came */
  run(): Promise<void>
}

export interface ConformanceOptions {
  /** Network engines the strategy may use; none unless given. */
  readonly services?: Services
  /** Unless given, `threads` for a strategy that claims just that, otherwise `processes`. */
  readonly topology?: Topology
}

/** One host on trial: its data directory, the strategy's half in the primary, its open stores. */
export interface Rig {
  readonly dataDir: string
  open(workerId: number): Promise<CaptchaStore>
  /** The stores of workers 0 and 1; one store twice where the claimed scope ends at the store. */
  pair(): Promise<readonly [CaptchaStore, CaptchaStore]>
  closeStores(): Promise<void>
  /** Closes stores, then host. What is opened next starts the host again on the same directory. */
  close(): Promise<void>
}

/** Runs `use` on a fresh host and leaves nothing behind, whatever happens in it. */
export async function withRig<T>(
  strategy: Strategy,
  options: ConformanceOptions,
  use: (rig: Rig) => Promise<T>,
): Promise<T> {
  const dataDir = await realpath(await mkdtemp(join(tmpdir(), 'crossworker-')))
  const rig = createRig(strategy, options, dataDir)
  try {
    const result = await use(rig)
    await limited('close', rig.close())
    return result
  } finally {
    await limited('close', rig.close()).catch(() => undefined)
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 3 })
  }
}

/** The same in every rig, as it is in every worker of a fleet. */
const secret = randomBytes(32)

function createRig(strategy: Strategy, options: ConformanceOptions, dataDir: string): Rig {
  const { scope } = strategy.claims
  const services = options.services ?? {}
  const topology = options.topology ?? (scope === 'threads' ? 'threads' : 'processes')
  const copy = topology === 'threads' ? <T>(value: T): T => structuredClone(value) : throughJson
  const stores = new Set<CaptchaStore>()
  let hosting: Promise<Host | undefined> | undefined

  async function startHost(): Promise<Host | undefined> {
    const host = await strategy.host?.({
      dataDir,
      workers: 2,
      topology,
      secret,
      services,
      fleetHost: '127.0.0.1',
    })
    checkHost(host)
    return host
  }

  async function call(host: Host | undefined, message: unknown, workerId: number): Promise<unknown> {
    try {
      if (host?.handle === undefined) throw new Error('host() has no handle() that answers calls')
      return copy(await host.handle(copy(message), workerId))
    } catch (error) {
      throw new Error(error instanceof Error ? error.message : String(error))
    }
  }

  async function open(workerId: number): Promise<CaptchaStore> {
    hosting ??= startHost()
    const host = await hosting
    const store = await strategy.open({
      dataDir,
      workerId,
      workers: 2,
      secret,
      services,
      handoff: copy(host?.handoff ?? null),
      call: (message) => call(host, message, workerId),
    })
    checkStore(store)
    stores.add(store)
    return store
  }

  async function pair(): Promise<readonly [CaptchaStore, CaptchaStore]> {
    const first = await open(0)
    return [first, isShared(strategy.claims) ? await open(1) : first]
  }

  async function closeStores(): Promise<void> {
    const closing = [...stores]
    stores.clear()
    const ends = await Promise.allSettled(closing.map(async (store) => store.close()))
    for (const end of ends) if (end.status === 'rejected') throw end.reason
  }

  async function close(): Promise<void> {
    const ending = hosting
    hosting = undefined
    try {
      await closeStores()
    } finally {
      const host = await ending?.catch(() => undefined)
      await host?.close()
    }
  }

  return { dataDir, open, pair, closeStores, close }
}

function isShared({ scope }: Claims): boolean {
  return scope === 'host' || scope === 'fleet'
}

/** Says why a law is not asked of these claims; `undefined` when it is. */
type Need = (claims: Claims) => string | undefined

const shared: Need = (claims) =>
  isShared(claims) ? undefined : `claims.scope is ${claims.scope}: separate stores need not share`
const fleet: Need = ({ scope }) => (scope === 'fleet' ? undefined : `claims.scope is ${scope}`)
const singleUse: Need = (claims) => (claims.singleUse ? undefined : 'claims.singleUse is false')
const outlivesStore: Need = ({ survives }) =>
  survives === 'nothing' ? 'claims.survives is nothing' : undefined
const outlivesHost: Need = ({ survives }) =>
  survives === 'restart' || survives === 'power-loss' ? undefined : `claims.survives is ${survives}`

interface Rule {
  readonly name: string
  readonly needs?: readonly Need[]
  /** `another` makes a second host, with its own data directory, of the same fleet. */
  check(rig: Rig, another: <T>(use: (rig: Rig) => Promise<T>) => Promise<T>): Promise<void>
}

const minute = 60_000

const rules: readonly Rule[] = [
  {
    name: 'what is issued can be read, then taken',
    async check(rig) {
      const [store] = await rig.pair()
      const id = await store.issue('K7QX2M', minute)
      says(await store.read(id), 'K7QX2M', 'read of a fresh captcha')
      says(await store.take(id), 'K7QX2M', 'take of a fresh captcha')
    },
  },
  {
    name: 'reading does not consume',
    async check(rig) {
      const [store, other] = await rig.pair()
      const id = await store.issue('K7QX2M', minute)
      for (let count = 1; count <= 5; count += 1)
        says(await (count % 2 ? store : other).read(id), 'K7QX2M', `read number ${count}`)
      says(await store.take(id), 'K7QX2M', 'take after five reads')
    },
  },
  {
    name: 'a second take says undefined',
    needs: [singleUse],
    async check(rig) {
      const [store] = await rig.pair()
      const id = await store.issue('K7QX2M', minute)
      says(await store.take(id), 'K7QX2M', 'the first take')
      says(await store.take(id), undefined, 'the second take')
    },
  },
  {
    name: 'a read after a take in the same store says undefined',
    needs: [singleUse],
    async check(rig) {
      const [store, other] = await rig.pair()
      const [own, foreign] = [await store.issue('OWN', minute), await other.issue('FOREIGN', minute)]
      says(await store.read(foreign), 'FOREIGN', 'read before the take')
      for (const id of [own, foreign]) {
        await store.take(id)
        says(await store.read(id), undefined, 'read after a take in the same store')
      }
    },
  },
  {
    name: 'a take leaves every other captcha alone',
    async check(rig) {
      const [store, other] = await rig.pair()
      const ids = await issueMany([store, other], 20)
      const gone = ids.splice(7, 1)
      says(await store.take(gone[0] ?? ''), answerOf(7), 'the take')
      for (const [index, id] of ids.entries())
        says(await other.read(id), answerOf(index < 7 ? index : index + 1), `read of captcha ${index}`)
    },
  },
  {
    name: 'ids are base64url text that nobody can guess',
    async check(rig) {
      const ids = await issueMany(await rig.pair(), 1_000)
      for (const id of ids) {
        assert.match(id, idPattern, `expected an id of 1 to 512 base64url characters, got ${show(id)}`)
        assert.ok(id.length >= 22, `expected at least 22 characters, room for 128 bits, got ${show(id)}`)
      }
      assert.equal(new Set(ids).size, ids.length, `expected ${ids.length} ids and no repeats`)
      const bits = observedBits(ids)
      assert.ok(bits > 126, `expected ids of 128 random bits, observed ${bits.toFixed(1)} in ${ids[0]}`)
    },
  },
  {
    name: 'unknown ids are undefined and harm nothing',
    async check(rig) {
      const [store, other] = await rig.pair()
      const id = await store.issue('K7QX2M', minute)
      await inBatches(unknownIds(id), async (unknown) => {
        says(await store.read(unknown), undefined, `read of ${show(unknown)}`)
        says(await other.take(unknown), undefined, `take of ${show(unknown)}`)
      })
      says(await other.take(id), 'K7QX2M', 'take of a captcha issued before them')
    },
  },
  {
    name: 'answers come back verbatim',
    async check(rig) {
      const [store, other] = await rig.pair()
      for (const answer of oddAnswers) {
        const id = await store.issue(answer, minute)
        says(await other.read(id), answer, 'read')
        says(await other.take(id), answer, 'take')
      }
    },
  },
  {
    name: 'an expired captcha is neither read nor taken',
    async check(rig) {
      const [store, other] = await rig.pair()
      const ids = [await store.issue('READ', 200), await store.issue('TAKE', 200)]
      await until(Date.now() + 200)
      const [read = '', taken = ''] = ids
      says(await store.read(read), undefined, 'read 200 ms after issue(…, 200)')
      says(await other.read(read), undefined, 'read by the other worker 200 ms after issue(…, 200)')
      says(await other.take(taken), undefined, 'take by the other worker 200 ms after issue(…, 200)')
      says(await store.take(taken), undefined, 'take 200 ms after issue(…, 200)')
    },
  },
  {
    name: 'a captcha is found until its time is over',
    async check(rig) {
      const [store, other] = await rig.pair()
      const issuedMs = Date.now()
      const id = await store.issue('K7QX2M', 400)
      // An answer that came later than 380 ms judges nothing: this machine may have been the one that waited.
      const inTime = (got: string | undefined, what: string): void => {
        const afterMs = Date.now() - issuedMs
        if (afterMs < 380) says(got, 'K7QX2M', `${what} ${afterMs} ms after issue(…, 400)`)
      }
      while (Date.now() < issuedMs + 320) {
        inTime(await store.read(id), 'read')
        inTime(await other.read(id), 'read by the other worker')
        await pause(30)
      }
      inTime(await other.take(id), 'take')
    },
  },
  {
    name: 'each captcha has a lifetime of its own',
    async check(rig) {
      const [store, other] = await rig.pair()
      const lifetimes = [minute, 150, minute, 100, minute, 1]
      const ids: string[] = []
      for (const [index, ttlMs] of lifetimes.entries()) ids.push(await store.issue(answerOf(index), ttlMs))
      await until(Date.now() + 150)
      for (const [index, id] of ids.entries()) {
        const expected = lifetimes[index] === minute ? answerOf(index) : undefined
        says(await other.take(id), expected, `take after 150 ms of issue(…, ${lifetimes[index]})`)
      }
    },
  },
  {
    name: 'two thousand live captchas are all found',
    async check(rig) {
      const stores = await rig.pair()
      const ids = await issueMany([stores[0]], 2_000)
      assert.equal(new Set(ids).size, ids.length, `expected ${ids.length} ids and no repeats`)
      for (const verb of ['read', 'take'] as const) {
        const got = await inBatches(ids, (id, index) => (index % 2 ? stores[0] : stores[1])[verb](id))
        const lost = got.findIndex((answer, index) => answer !== answerOf(index))
        if (lost >= 0) says(got[lost], answerOf(lost), `${verb} of captcha ${lost} of ${ids.length}`)
      }
    },
  },
  {
    name: "workers of one host see one another's captchas",
    needs: [shared],
    async check(rig) {
      await seesBothWays(await rig.pair())
    },
  },
  {
    name: "hosts of one fleet see one another's captchas",
    needs: [fleet],
    async check(rig, another) {
      await another(async (elsewhere) => seesBothWays([await rig.open(0), await elsewhere.open(0)]))
    },
  },
  {
    name: 'captchas issued by two workers at once are found by both',
    needs: [shared],
    async check(rig) {
      const stores = await rig.pair()
      const ids = await issueMany(stores, 100)
      for (const [index, id] of ids.entries())
        for (const store of stores) says(await store.read(id), answerOf(index), `read of captcha ${index}`)
    },
  },
  {
    name: 'a take by one worker is final for the other',
    needs: [shared, singleUse],
    async check(rig) {
      const [store, other] = await rig.pair()
      for (const [issuer, taker] of [[store, other] as const, [other, store] as const]) {
        const id = await issuer.issue('K7QX2M', minute)
        says(await issuer.read(id), 'K7QX2M', 'read by the issuer')
        says(await taker.take(id), 'K7QX2M', 'take by the worker that did not issue')
        says(await issuer.take(id), undefined, 'take by the issuer, after it')
      }
    },
  },
  {
    name: 'of twenty takes at once exactly one gets the answer',
    needs: [singleUse],
    async check(rig) {
      const stores = await rig.pair()
      const ids = await issueMany(stores, 10)
      const races = ids.map(async (id) => {
        const takes = Array.from({ length: 20 }, async (_, index) => stores[index % 2 ? 0 : 1].take(id))
        return (await Promise.all(takes)).filter((answer) => answer !== undefined)
      })
      for (const [index, winners] of (await Promise.all(races)).entries())
        assert.deepEqual(winners, [answerOf(index)], `expected one winner, got ${winners.length} of 20 takes`)
    },
  },
  {
    name: 'a worker that comes back finds what it had issued',
    needs: [outlivesStore],
    check: (rig) => keepsIssued(rig, rig.closeStores),
  },
  {
    name: 'what was taken stays taken when workers come back',
    needs: [outlivesStore, singleUse],
    check: (rig) => staysTaken(rig, rig.closeStores),
  },
  {
    name: 'a restart of the server keeps what was issued',
    needs: [outlivesHost],
    check: (rig) => keepsIssued(rig, rig.close),
  },
  {
    name: 'what was taken stays taken after a restart of the server',
    needs: [outlivesHost, singleUse],
    check: (rig) => staysTaken(rig, rig.close),
  },
  {
    name: 'nothing happens after close, and no file stays open',
    async check(rig) {
      const late: unknown[] = []
      const events = ['unhandledRejection', 'uncaughtException'] as const
      const note = (error: unknown) => void late.push(error)
      for (const event of events) process.on(event, note)
      try {
        const stores = await rig.pair()
        const ids = await issueMany(stores, 20)
        await inBatches(ids.slice(10), (id) => stores[1].take(id))
        await rig.close()
        await pause(50)
        assert.deepEqual(late.map(String), [], 'expected no error after close')
        const open = await openFilesIn(rig.dataDir)
        assert.deepEqual(open, [], `expected no open files after close, got ${open.join(', ')}`)
      } finally {
        for (const event of events) process.off(event, note)
      }
    },
  },
]

/** A law that takes longer is broken: a store that never answers would otherwise stop the runner. */
const limitMs = 15_000

/**
 * The laws a strategy has to obey, given its claims.
 * @throws StrategyError when it has not the shape of one
 */
export function conformance(strategy: Strategy, options: ConformanceOptions = {}): readonly Law[] {
  parseStrategy(strategy, 'conformance')
  const another: Parameters<Rule['check']>[1] = (use) => withRig(strategy, options, use)
  return rules.map(({ name, needs = [], check }) => {
    const skip = needs.map((need) => need(strategy.claims)).find((reason) => reason !== undefined)
    if (skip !== undefined) return { name, skip, run: async () => undefined }
    async function run(): Promise<void> {
      try {
        await withRig(strategy, options, (rig) => limited('this law', check(rig, another)))
      } catch (error) {
        throw broken(`${strategy.name}: ${name}`, error)
      }
    }
    return { name, run }
  })
}

/** Why a strategy cannot be tried here, when what it threw says that its library or native module is missing. */
export function missingLibrary(error: unknown): string | undefined {
  const codes: readonly unknown[] = ['ERR_MODULE_NOT_FOUND', 'MODULE_NOT_FOUND', 'ERR_DLOPEN_FAILED']
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const code = 'code' in cause ? cause.code : undefined
    if (codes.includes(code) || /bindings file|NODE_MODULE_VERSION/.test(cause.message)) return cause.message
  }
  return undefined
}

async function limited(what: string, work: Promise<void>): Promise<void> {
  const timer = new AbortController()
  const limit = pause(limitMs, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`${what}: expected an end within ${limitMs} ms, got none`)
  })
  try {
    await Promise.race([work, limit])
  } finally {
    timer.abort()
    limit.catch(() => undefined)
    work.catch(() => undefined)
  }
}

function broken(law: string, error: unknown): AssertionError {
  const reason = error instanceof Error ? error.message : String(error)
  const { actual, expected, operator } = error instanceof AssertionError ? error : {}
  const found = new AssertionError({ message: `${law}: ${reason}`, actual, expected, operator })
  return Object.assign(found, { cause: error })
}

function says(got: string | undefined, expected: string | undefined, what: string): void {
  assert.equal(got, expected, `expected ${what} to say ${show(expected)}, got ${show(got)}`)
}

function show(value: string | undefined): string {
  return value === undefined ? 'undefined' : JSON.stringify(value.slice(0, 80))
}

async function seesBothWays([one, other]: readonly [CaptchaStore, CaptchaStore]): Promise<void> {
  for (const [issuer, finder] of [[one, other] as const, [other, one] as const]) {
    const id = await issuer.issue('K7QX2M', minute)
    says(await finder.read(id), 'K7QX2M', 'read of a captcha the other issued')
    says(await finder.take(id), 'K7QX2M', 'take of a captcha the other issued')
  }
}

async function keepsIssued(rig: Rig, end: () => Promise<void>): Promise<void> {
  const ids = await issueMany(await rig.pair(), 20)
  await end()
  const [store, other] = await rig.pair()
  for (const [index, id] of ids.entries()) {
    says(await store.read(id), answerOf(index), `read of captcha ${index}, reopened`)
    says(await other.take(id), answerOf(index), `take of captcha ${index}, reopened`)
  }
}

async function staysTaken(rig: Rig, end: () => Promise<void>): Promise<void> {
  const stores = await rig.pair()
  const ids = await issueMany(stores, 20)
  await inBatches(ids, (id, index) => (index % 2 ? stores[0] : stores[1]).take(id))
  await end()
  const [store, other] = await rig.pair()
  for (const [index, id] of ids.entries()) {
    says(await store.read(id), undefined, `read of captcha ${index}, taken before`)
    says(await other.take(id), undefined, `take of captcha ${index}, taken before`)
  }
}

/** The answer of the n-th captcha of `issueMany`. */
function answerOf(index: number): string {
  return `ANSWER ${index}`
}

function issueMany(stores: readonly CaptchaStore[], count: number): Promise<string[]> {
  const indices = Array.from({ length: count }, (_, index) => index)
  return inBatches(indices, (index) => {
    const store = stores[index % stores.length]
    assert.ok(store)
    return store.issue(answerOf(index), minute)
  })
}

/** 250 at once: enough to be concurrent, few enough for a pool of connections. */
async function inBatches<T, R>(items: readonly T[], act: (item: T, index: number) => R | Promise<R>) {
  const results: R[] = []
  for (let from = 0; from < items.length; from += 250) {
    const batch = items.slice(from, from + 250).map(async (item, offset) => act(item, from + offset))
    results.push(...(await Promise.all(batch)))
  }
  return results
}

/** Timers may fire a millisecond early. */
async function until(timeMs: number): Promise<void> {
  while (Date.now() < timeMs) await pause(timeMs - Date.now())
}

/** The sum over positions of their entropy: an upper bound of what the ids hold, so a small sum proves them guessable. */
function observedBits(ids: readonly string[]): number {
  const length = Math.max(...ids.map((id) => id.length))
  let bits = 0
  for (let position = 0; position < length; position += 1) {
    const counts = new Map<string, number>()
    for (const id of ids) counts.set(id.charAt(position), (counts.get(id.charAt(position)) ?? 0) + 1)
    for (const count of counts.values()) bits -= (count / ids.length) * Math.log2(count / ids.length)
  }
  return bits
}

/** Among them neighbours of a real id: the same bucket, the same length, one character more or less. */
function unknownIds(real: string): string[] {
  const flipped = `${real.slice(0, -1)}${real.endsWith('A') ? 'Q' : 'A'}`
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'null', 'undefined', 'NaN']
  const short = ['-', '_', '0', 'a', '--', '-1', 'Z'.repeat(24)]
  const random = [randomBytes(18).toString('base64url'), randomBytes(384).toString('base64url')]
  const fill = ['A'.repeat(512), '-'.repeat(512), '_'.repeat(512)]
  const near = [flipped, real.slice(0, -1), real.slice(1), `${real}A`.slice(-512)]
  return [...names, ...short, ...random, ...fill, ...near].filter((id) => id !== real && idPattern.test(id))
}

const oddAnswers: readonly string[] = [
  '',
  ' ',
  '  K7QX2M\t',
  'k7qx2m',
  '0',
  'null',
  '__proto__',
  '"quoted" and \'quoted\' and `quoted`',
  "'; DROP TABLE captchas; --",
  '{"answer":[1]}',
  'line\nline\r\nline\u2028end',
  'back\\slash \\u0041 %41 &amp; $1',
  'straße ÅÅ مرحبا 日本語 👩‍👩‍👧‍👦 e\u0301',
  'W'.repeat(64),
  '😀'.repeat(32),
]

/** Where the system can tell (Linux): the files below `directory` this process has open. */
async function openFilesIn(directory: string): Promise<string[]> {
  const descriptors = await readdir('/proc/self/fd').catch(() => [])
  const links = descriptors.map((descriptor) => readlink(`/proc/self/fd/${descriptor}`).catch(() => ''))
  return (await Promise.all(links)).filter((path) => path.startsWith(`${directory}/`))
}
