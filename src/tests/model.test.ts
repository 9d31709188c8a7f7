import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type ConformanceOptions, missingLibrary, withRig } from '../conformance.js'
import { strategies } from '../strategies/all.js'
import type { CaptchaStore } from '../strategy.js'
import { testEngines } from './engines.js'

const { services, lack } = await testEngines(['redis', 'postgres'])
const options: ConformanceOptions = { services }

/** `store` and `pick` are taken modulo what there is. */
type Op =
  | { readonly kind: 'issue'; readonly store: number; readonly answer: string }
  | { readonly kind: 'issue for a millisecond'; readonly store: number }
  | { readonly kind: 'read' | 'take'; readonly store: number; readonly pick: number }
  | { readonly kind: 'take from everywhere at once'; readonly pick: number }
  | { readonly kind: 'unknown'; readonly store: number; readonly id: string }

const store = fc.nat({ max: 1 })
const pick = fc.nat({ max: 30 })
const idCharacter = fc.constantFrom(...'ABCXYZabcxyz0189_-')
const unknownId = fc.oneof(
  fc.string({ unit: idCharacter, minLength: 1, maxLength: 64 }),
  fc.constantFrom('constructor', '__proto__', 'toString', '-', '_', 'A'.repeat(512)),
)

const op: fc.Arbitrary<Op> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('issue' as const),
      store,
      answer: fc.string({ unit: 'grapheme', maxLength: 16 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('issue for a millisecond' as const), store }) },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constantFrom('read' as const, 'take' as const), store, pick }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constant('take from everywhere at once' as const), pick }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('unknown' as const), store, id: unknownId }) },
)

/** What the model knows of one captcha. */
interface Known {
  readonly id: string
  readonly answer: string
  live: boolean
  /** Stores that were asked to take it: there even a read has to know that it is gone. */
  readonly askedIn: Set<CaptchaStore>
}

async function elapsed(ms: number): Promise<void> {
  const startMs = Date.now()
  while (Date.now() - startMs < ms) await new Promise(setImmediate)
}

/** Plays the ops one after another against the stores and a model in memory, and compares every answer. */
function createGame(stores: readonly CaptchaStore[]) {
  const known: Known[] = []
  const at = (index: number) => stores[index % stores.length] as CaptchaStore
  const chosen = (index: number) => known[index % Math.max(known.length, 1)]

  async function issue(into: CaptchaStore, answer: string, ttlMs: number): Promise<void> {
    const id = await into.issue(answer, ttlMs)
    expect(known.map((captcha) => captcha.id)).not.toContain(id)
    if (ttlMs < 1_000) await elapsed(ttlMs)
    known.push({ id, answer, live: ttlMs > 1_000, askedIn: new Set() })
  }

  async function read(from: CaptchaStore, captcha: Known): Promise<void> {
    const got = await from.read(captcha.id)
    // After a take elsewhere the contract lets a read be stale; it lets it be nothing else.
    const mayBeStale = captcha.askedIn.size > 0 && !captcha.askedIn.has(from)
    if (captcha.live) expect(got).toBe(captcha.answer)
    else if (mayBeStale) expect([captcha.answer, undefined]).toContain(got)
    else expect(got).toBeUndefined()
  }

  async function take(from: readonly CaptchaStore[], captcha: Known): Promise<void> {
    const got = await Promise.all(from.map(async (taker) => taker.take(captcha.id)))
    const winners = got.filter((answer) => answer !== undefined)
    expect(winners).toEqual(captcha.live ? [captcha.answer] : [])
    captcha.live = false
    for (const taker of from) captcha.askedIn.add(taker)
  }

  async function play(move: Op): Promise<void> {
    if (move.kind === 'issue') return issue(at(move.store), move.answer, 60_000)
    if (move.kind === 'issue for a millisecond') return issue(at(move.store), 'BRIEF', 1)
    if (move.kind === 'unknown') {
      expect(await at(move.store).read(move.id)).toBeUndefined()
      return expect(await at(move.store).take(move.id)).toBeUndefined()
    }
    const captcha = chosen(move.pick)
    if (captcha === undefined) return
    if (move.kind === 'read') return read(at(move.store), captcha)
    if (move.kind === 'take') return take([at(move.store)], captcha)
    return take([...stores, ...stores, ...stores], captcha)
  }

  /** At the end every captcha is what the model says, in every store. */
  async function settle(): Promise<void> {
    for (const captcha of known) for (const from of stores) await read(from, captcha)
    for (const captcha of known) await take(stores, captcha)
  }

  return { play, settle }
}

describe('any sequence of operations agrees with a model in memory', () => {
  for (const strategy of strategies.filter(({ exhibit, claims }) => !exhibit && claims.singleUse)) {
    // `file` flushes to disk with every change, and an engine is a round trip away.
    const numRuns = strategy.name === 'file' || strategy.engines !== undefined ? 12 : 40
    const isShared = strategy.claims.scope === 'host' || strategy.claims.scope === 'fleet'

    test(`${strategy.name}, ${numRuns} sequences`, async ({ skip }) => {
      const lacking = lack(strategy)
      if (lacking !== undefined) skip(lacking)
      const missing = await withRig(strategy, options, (rig) => rig.open(0)).catch(missingLibrary)
      if (typeof missing === 'string') skip(missing)
      const property = fc.asyncProperty(
        fc.boolean(),
        fc.array(op, { minLength: 1, maxLength: 40, size: 'max' }),
        (alone, ops) =>
          withRig(strategy, options, async (rig) => {
            const stores = [await rig.open(0)]
            if (isShared && !alone) stores.push(await rig.open(1))
            const { play, settle } = createGame(stores)
            for (const move of ops) await play(move)
            await settle()
          }),
      )
      await fc.assert(property, { seed: 20_260, numRuns })
    })
  }
})
