import { readdirSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { conformance, type Rig, withRig } from '../conformance.js'
import { createNamer } from '../strategies/owner/name.js'
import { createLineReader, longest, parseReply, replyOf, wireKey } from '../strategies/owner/wire.js'
import { createOwner } from '../strategies/owner.js'
import type { CaptchaStore } from '../strategy.js'
import { openSecureStranger, openStranger, shout, shoutSecurely } from './owner.fixtures.js'
import { hosting, minute, workerOf } from './shared-memory.fixtures.js'

const owner = createOwner({ slots: 4_096 })

afterEach(() => void vi.useRealTimers())

describe('owner between threads', () => {
  for (const law of conformance(owner, { topology: 'threads' }).filter(({ skip }) => skip === undefined))
    test(law.name, () => law.run())
})

/** Two hosts of one fleet. */
function onTwoHosts(use: (here: Rig, there: Rig) => Promise<void>): Promise<void> {
  return withRig(owner, {}, (here) => withRig(owner, {}, (there) => use(here, there)))
}

/** A connection that is being lost is an error, and the next call makes another. */
async function onceAnswered<T>(act: () => T | Promise<T>): Promise<T> {
  try {
    return await act()
  } catch {
    return onceAnswered(act)
  }
}

describe('between hosts', () => {
  test('of all who try at once, on both, one takes each captcha', () =>
    onTwoHosts(async (here, there) => {
      const stores = [...(await here.pair()), ...(await there.pair())]
      const races = Array.from({ length: 100 }, async (_, index) => {
        const id = await stores[index % 4]?.issue(`ANSWER ${index}`, minute)
        const takes = Array.from({ length: 8 }, async (_, by) => stores[by % 4]?.take(id ?? ''))
        return (await Promise.all(takes)).filter((answer) => answer !== undefined)
      })
      for (const [index, winners] of (await Promise.all(races)).entries())
        expect(winners).toEqual([`ANSWER ${index}`])
    }))

  test('a captcha whose owner is away is an error, and not unknown', () =>
    onTwoHosts(async (here, there) => {
      const [store, issuer] = [await here.open(0), await there.open(0)]
      const [before, after] = [await issuer.issue('BEFORE', minute), await issuer.issue('AFTER', minute)]
      expect(await store.take(before)).toBe('BEFORE')
      await there.close()
      for (const verb of ['read', 'take'] as const)
        await expect(async () => store[verb](after)).rejects.toThrow(/owner .* outcome is not known/)
    }))

  test('a host that starts again owns nothing of its former life, and says so', () =>
    onTwoHosts(async (here, there) => {
      const [store, issuer] = [await here.open(0), await there.open(0)]
      const id = await issuer.issue('K7QX2M', minute)
      expect(await store.read(id)).toBe('K7QX2M')
      await there.close()
      const again = await there.open(0)
      expect(await onceAnswered(() => store.read(id))).toBeUndefined()
      expect([await again.take(id), await store.take(id)]).toEqual([undefined, undefined])
      expect(await store.take(await again.issue('ANOTHER', minute))).toBe('ANOTHER')
    }))

  test('a connection that nobody uses is closed, and made again when it is needed', () =>
    onTwoHosts(async (here, there) => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
      const [store, issuer] = [await here.open(0), await there.open(0)]
      const id = await issuer.issue('K7QX2M', minute)
      expect(vi.getTimerCount()).toBe(0)
      expect(await store.read(id)).toBe('K7QX2M')
      // That it is idle, and that an answer is late.
      expect(vi.getTimerCount()).toBe(2)
      vi.advanceTimersByTime(31_000)
      expect(vi.getTimerCount()).toBe(0)
      expect(await store.take(id)).toBe('K7QX2M')
    }))

  test('a store that is closed fails the calls that are under way', () =>
    onTwoHosts(async (here, there) => {
      const [store, issuer] = [await here.open(0), await there.open(0)]
      const reading = Promise.resolve(store.read(await issuer.issue('K7QX2M', minute)))
      await Promise.all([expect(reading).rejects.toThrow(/not asked any more/), here.closeStores()])
    }))
})

interface Host {
  readonly name: string
  readonly place: string
  readonly store: CaptchaStore
}

/** A host whose owner's name and place are known. */
async function withHost(
  use: (host: Host) => Promise<void>,
  fleetHost: string = hosting.fleetHost,
): Promise<void> {
  const host = await owner.host?.({ ...hosting, fleetHost })
  const { name, place } = Object(host?.handoff) as Host
  const store = await owner.open(workerOf(0, host?.handoff))
  try {
    await use({ name, place, store })
  } finally {
    await store.close()
    await host?.close()
  }
}

const { secret } = hosting
const ours = createNamer(secret)
const somebodyElses = new Uint8Array(32).fill(1)
const slotId = 'A'.repeat(32)

describe('an id', () => {
  test('that nobody with the secret made is unknown, and connects to nowhere', () =>
    withHost(async ({ store }) => {
      await using target = await openStranger('"K7QX2M"\n')
      const forged = createNamer(somebodyElses).nameAt(target.place) + slotId
      expect([await store.read(forged), await store.take(forged)]).toEqual([undefined, undefined])
      const genuine = ours.nameAt(target.place) + slotId
      const characters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
      const edit = fc.record({ at: fc.nat(genuine.length - 33), by: fc.constantFrom(...characters) })
      await fc.assert(
        fc.asyncProperty(edit, async ({ at, by }) => {
          fc.pre(genuine[at] !== by)
          const altered = genuine.slice(0, at) + by + genuine.slice(at + 1)
          expect(await store.take(altered)).toBeUndefined()
        }),
        { seed: 20_261, numRuns: 500 },
      )
      for (const length of [1, 32, 33, genuine.length - 1])
        expect(await store.take(genuine.slice(0, length))).toBeUndefined()
      expect(target.connections()).toBe(0)
      // The same as it was made: so it would have shown.
      await expect(async () => store.take(genuine)).rejects.toThrow()
      expect(target.connections()).toBe(1)
    }))

  test('has one spelling, whatever the length of its place', () => {
    for (const place of ['10.0.0.1:80', '10.0.0.1:801', '10.0.0.1:8012', 'fe80::1:61000']) {
      const name = ours.nameAt(place)
      expect(ours.placeIn(name)).toBe(place)
      const stem = name.slice(0, -1)
      const spellings = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_']
      const found = spellings.map((last) => stem + last).filter((text) => ours.placeIn(text) !== undefined)
      expect(found).toEqual([name])
      for (const text of [`${name}=`, `${name} `, `${name}A`]) expect(ours.placeIn(text)).toBeUndefined()
    }
  })

  test('of another life at the place of a host is unknown there, to its own workers without asking', () =>
    withHost(async ({ place, store }) => {
      await withHost(async (elsewhere) => {
        const own = String(await store.issue('K7QX2M', minute))
        const former = ours.nameAt(place) + own.slice(-32)
        expect(store.take(former)).toBeUndefined()
        expect(await elsewhere.store.take(former)).toBeUndefined()
        expect(await elsewhere.store.take(own)).toBe('K7QX2M')
      })
    }))
})

describe('a stranger', () => {
  const strangers = [
    ['in plain text', () => openStranger('"K7QX2M"\n')],
    ['under a key of its own', () => openSecureStranger(wireKey(somebodyElses), '"K7QX2M"\n')],
  ] as const
  for (const [how, open] of strangers) {
    test(`where an owner listened cannot answer ${how}, nor hears what is asked`, () =>
      withHost(async ({ store }) => {
        await using stranger = await open()
        const id = ours.nameAt(stranger.place) + slotId
        for (const verb of ['read', 'take'] as const)
          await expect(async () => store[verb](id)).rejects.toThrow(/owner .* outcome is not known/)
        expect(stranger.connections()).toBe(2)
        expect(stranger.heard()).not.toContain(slotId)
      }))
  }

  test('who asks learns nothing and takes nothing', () =>
    withHost(async ({ name, place, store }) => {
      const id = String(await store.issue('K7QX2M', minute))
      const request = `t${id.slice(-32)}\n`
      const key = wireKey(secret)
      expect(await shout(place, request)).not.toContain('K7QX2M')
      expect(await shoutSecurely(place, { key: wireKey(somebodyElses), name }, request)).toBe('')
      for (const another of ['', 'x', ours.nameAt('127.0.0.1:1'), createNamer(somebodyElses).nameAt(place)])
        expect(await shoutSecurely(place, { key, name: another }, request)).toBe('')
      expect(await store.read(id)).toBe('K7QX2M')
      expect(await shoutSecurely(place, { key, name }, request)).toBe('"K7QX2M"\n')
      expect(await store.read(id)).toBeUndefined()
    }))
})

describe('what no owner and no worker says', () => {
  for (const reply of ['\n', 'null\n', '1\n', '{"answer":"K7QX2M"}\n', '"K7QX2M\n', 'x'.repeat(700)])
    test(`is an error in place of an answer: ${JSON.stringify(reply.slice(0, 30))}`, () =>
      withHost(async ({ store }) => {
        await using broken = await openSecureStranger(wireKey(secret), reply)
        const id = ours.nameAt(broken.place) + slotId
        await expect(async () => store.take(id)).rejects.toThrow(/has answered what is no answer/)
      }))

  test('is not waited for: who has said too much is not believed again', () =>
    withHost(async ({ store }) => {
      await using broken = await openSecureStranger(wireKey(secret), '-\n"K7QX2M"\n')
      const id = ours.nameAt(broken.place) + slotId
      for (let count = 1; count <= 3; count += 1) {
        expect(await store.take(id)).toBeUndefined()
        await vi.waitFor(() => expect(broken.open()).toBe(0))
        expect(broken.connections()).toBe(count)
      }
    }))

  for (const request of ['\n', 'x\n', `t${'A'.repeat(31)}\n`, `t${'A'.repeat(31)}.\n`, `${'r'.repeat(34)}\n`])
    test(`is a connection that is closed: ${JSON.stringify(request.slice(0, 30))}`, () =>
      withHost(async ({ name, place }) => {
        expect(await shoutSecurely(place, { key: wireKey(secret), name }, request)).toBe('')
      }))

  test('comes out of no answer: all are understood, however they are cut', () => {
    const text = fc.string({ unit: 'binary', maxLength: 18 })
    const unit = fc.nat(0xffff).map((code) => String.fromCharCode(code))
    const answers = fc.array(
      fc.option(
        fc.oneof(
          text,
          fc.array(unit).map((units) => units.join('')),
        ),
        { nil: undefined },
      ),
    )
    fc.assert(
      fc.property(answers, fc.integer({ min: 1, max: 20 }), (said, size) => {
        const linesOf = createLineReader(longest.reply)
        const wire = said.map(replyOf).join('')
        const chunks = Array.from({ length: Math.ceil(wire.length / size) }, (_, index) =>
          wire.slice(index * size, (index + 1) * size),
        )
        expect(chunks.flatMap((chunk) => linesOf(chunk)).map(parseReply)).toEqual(said)
      }),
      { seed: 20_262, numRuns: 300 },
    )
  })
})

const addresses = Object.values(networkInterfaces()).flatMap((all = []) => all.map(({ address }) => address))

describe('the address at which the fleet reaches a host', () => {
  for (const fleetHost of ['::1', 'localhost'])
    test.skipIf(!addresses.includes('::1'))(`may be ${fleetHost}`, () =>
      withHost(
        (there) =>
          withHost(async ({ store }) => {
            const id = String(await there.store.issue('K7QX2M', minute))
            expect([await store.read(id), await store.take(id)]).toEqual(['K7QX2M', 'K7QX2M'])
            expect(await there.store.take(id)).toBeUndefined()
          }),
        fleetHost,
      ),
    )

  /** Of this process: other tests make some meanwhile. */
  const segments = () =>
    readdirSync('/dev/shm').filter(
      (name) => name.startsWith('crossworker-') && name.split('-')[2] === process.pid.toString(36),
    )

  for (const fleetHost of ['0.0.0.0', '::'])
    test(`is refused where it is ${fleetHost}, with what to set`, async () => {
      await expect(async () => owner.host?.({ ...hosting, fleetHost })).rejects.toThrow(
        /^FLEET_HOST: expected the address .* set FLEET_HOST/,
      )
    })

  test('is refused where it is a name that nobody has', async () => {
    const fleetHost = 'nobody.invalid'
    await expect(async () => owner.host?.({ ...hosting, fleetHost })).rejects.toThrow(
      /^FLEET_HOST: expected a name that can be resolved, got nobody\.invalid \(/,
    )
  })

  test('is refused where it is that of another host, and nothing is left behind', async () => {
    const before = segments()
    await expect(async () => owner.host?.({ ...hosting, fleetHost: '192.0.2.1' })).rejects.toThrow(
      /^FLEET_HOST: expected an address of this host, got 192\.0\.2\.1 \(/,
    )
    expect(segments()).toEqual(before)
  })
})
