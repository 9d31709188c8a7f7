import type { CaptchaStore, Host, Strategy, Topology } from '../strategy.js'
import { createSegment, openSegment } from './shared-memory/segment.js'
import { createSlots, slotBytes } from './shared-memory/slots.js'

/** 32 MiB: half of what a container's /dev/shm holds unless told, and room for 10⁵ live captchas at three quarters full. */
export const usualSlots = 2 ** 17

/**
 * Memory that all workers map, with a fixed number of slots: what each worker of `memory` keeps to itself, in one place.
 * Full is an error and evicts nobody; slots of expired captchas are used again by whoever issues next, so nothing sweeps.
 */
export function createSharedMemory({ slots }: { readonly slots: number }): Strategy {
  return {
    name: 'shared-memory',
    summary: 'Slots in memory that all workers map, issued and taken by compare-and-swap.',
    claims: { scope: 'host', singleUse: true, survives: 'worker-crash' },
    host: ({ topology }) => createMemory(slots, topology),
    async open(worker) {
      const { memory, close } = await openMemory(worker.handoff)
      return untilClosed(createSlots(memory, worker), close)
    },
  }
}

/** @returns memory of free slots, to be handed to every worker */
export async function createMemory(slots: number, topology: Topology): Promise<Host> {
  if (topology === 'threads') return { handoff: new SharedArrayBuffer(slots * slotBytes), close() {} }
  const { name, close } = await createSegment(slots * slotBytes)
  return { handoff: name, close }
}

/** What `createMemory` made, from what it handed over; nobody looks into it after its close. */
export async function openMemory(
  handoff: unknown,
): Promise<{ readonly memory: ArrayBufferLike; close(): void }> {
  if (handoff instanceof SharedArrayBuffer) return { memory: handoff, close() {} }
  if (typeof handoff !== 'string')
    throw new Error(`expected the name of the shared memory from the primary, got ${typeof handoff}`)
  return openSegment(handoff)
}

export type Verbs = Pick<CaptchaStore, 'issue' | 'read' | 'take'>

/** Refuses once it is closed: a late request would look into memory that is no longer there, and take the process with it. */
export function untilClosed(verbs: Verbs, close: () => void): CaptchaStore {
  let store = verbs
  return {
    issue: (answer, ttlMs) => store.issue(answer, ttlMs),
    read: (id) => store.read(id),
    take: (id) => store.take(id),
    close() {
      store = closedStore
      close()
    },
  }
}

function refuse(): never {
  throw new Error('the store is closed')
}

const closedStore: Verbs = { issue: refuse, read: refuse, take: refuse }

export default createSharedMemory({ slots: usualSlots })
