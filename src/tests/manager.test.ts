import { describe, expect, test } from 'vitest'
import { withRig } from '../conformance.js'
import manager from '../strategies/manager.js'
import type { Host, WorkerContext } from '../strategy.js'

const minute = 60_000

async function withHost(use: (host: Host) => Promise<void>): Promise<void> {
  const host = await manager.host?.({
    dataDir: '/',
    workers: 1,
    topology: 'processes',
    secret: new Uint8Array(32),
    services: {},
    fleetHost: '127.0.0.1',
  })
  if (host === undefined) throw new Error('expected a half in the primary')
  try {
    await use(host)
  } finally {
    await host.close()
  }
}

function openWith(call: WorkerContext['call']) {
  const secret = new Uint8Array(32)
  return manager.open({ dataDir: '/', workerId: 0, workers: 1, secret, services: {}, handoff: null, call })
}

describe('manager', () => {
  test('keeps captchas in the primary, whichever worker asks and however often it is replaced', () =>
    withRig(manager, {}, async (rig) => {
      const [store, other] = await rig.pair()
      const id = await store.issue('K7QX2M', minute)
      await rig.closeStores()
      expect(await (await rig.open(0)).read(id)).toBe('K7QX2M')
      await expect(other.take(id)).resolves.toBe('K7QX2M')
      await rig.close()
      expect(await (await rig.open(0)).read(id)).toBeUndefined()
    }))

  const hostile: readonly unknown[] = [
    null,
    undefined,
    'read',
    7,
    {},
    [],
    ['read'],
    ['take', 7],
    ['take', null],
    ['take', 'id', minute],
    ['take', 'id', undefined, 'more'],
    ['issue', 'K7QX2M'],
    ['issue', 'K7QX2M', '60000'],
    ['issue', 'K7QX2M', 0],
    ['issue', 'K7QX2M', -1],
    ['issue', 'K7QX2M', Number.NaN],
    ['issue', 7, minute],
    ['close', 'id'],
    ['constructor', 'id'],
    ['__proto__', 'id'],
    [['read'], 'id'],
  ]

  test('lets nothing but its own three requests through to the Map', () =>
    withHost(async (host) => {
      const id = await host.handle?.(['issue', 'K7QX2M', minute], 0)
      for (const message of hostile)
        expect(() => host.handle?.(message, 0), JSON.stringify(message)).toThrow(/expected \["issue"/)
      expect(await host.handle?.(['take', id], 1)).toBe('K7QX2M')
    }))

  test('passes on that the outcome is not known, and does not ask again', async () => {
    let asked = 0
    const store = await openWith(async () => {
      asked += 1
      throw new Error('the primary did not answer within 5000 ms: outcome unknown')
    })
    await expect(store.take('id')).rejects.toThrow(/outcome unknown/)
    await expect(store.read('id')).rejects.toThrow(/outcome unknown/)
    await expect(store.issue('K7QX2M', minute)).rejects.toThrow(/outcome unknown/)
    expect(asked).toBe(3)
  })

  test('takes a reply that is neither text nor nothing for a failure', async () => {
    for (const reply of [null, 7, {}, ['K7QX2M']]) {
      const store = await openWith(async () => reply)
      await expect(store.take('id')).rejects.toThrow(/expected text or nothing/)
    }
    const silent = await openWith(async () => undefined)
    await expect(silent.issue('K7QX2M', minute)).rejects.toThrow(/expected an id/)
  })
})
