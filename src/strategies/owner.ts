import { createHash } from 'node:crypto'
import { hostname } from 'node:os'
import type { Awaitable, Host, PrimaryContext, Strategy } from '../strategy.js'
import { type Door, openDoor } from './owner/door.js'
import { type Line, openLine } from './owner/line.js'
import { createNamer } from './owner/name.js'
import { type Verb, wireKey } from './owner/wire.js'
import { createSlots } from './shared-memory/slots.js'
import { createMemory, openMemory, untilClosed, usualSlots } from './shared-memory.js'

/** An owner's name, then the id of one of its slots. */
const idShape = /^([A-Za-z0-9_-]{37,160})([A-Za-z0-9_-]{32})$/

/** Connections to owners elsewhere, of one worker. */
const mostLines = 256

/** Where such a server listens if it can, so that its next life is asked for its captchas and can say that they are gone. */
const ports = { first: 61_000, count: 4_536 } as const

/**
 * Each host's captchas stay in the memory its workers share, as in `shared-memory`, and their ids name it. A worker of that host looks
 * into the memory itself; one of another asks the primary there, and the slots decide for both. What is issued is never copied,
 * so there is nothing to agree on, and nobody else to ask while its owner is away: those captchas are an error until it is back.
 */
export function createOwner({ slots }: { readonly slots: number }): Strategy {
  return {
    name: 'owner',
    summary: 'The slots of shared-memory on each host; ids name their host, which others ask over TCP.',
    claims: { scope: 'fleet', singleUse: true, survives: 'worker-crash' },
    async host(primary) {
      const address = await addressOf(primary.fleetHost)
      const memory = await createMemory(slots, primary.topology)
      try {
        return await hostAt(address, primary, memory)
      } catch (error) {
        await memory.close()
        throw error
      }
    },
    async open(worker) {
      const { name, place, segment } = parseHandoff(worker.handoff)
      const { connect } = await import('node:tls')
      const { memory, close } = await openMemory(segment)
      const own = createSlots(memory, worker)
      const fleet = createFleet(connect, { secret: worker.secret, place })

      function find(verb: Verb, id: string): Awaitable<string | undefined> {
        return id.startsWith(name) ? own[verb](id.slice(name.length)) : fleet.ask(verb, id)
      }

      return untilClosed(
        {
          issue: (answer, ttlMs) => name + own.issue(answer, ttlMs),
          read: (id) => find('read', id),
          take: (id) => find('take', id),
        },
        () => {
          fleet.close()
          close()
        },
      )
    },
  }
}

/** @throws when that is no single address */
async function addressOf(fleetHost: string): Promise<string> {
  const { lookup } = await import('node:dns/promises')
  const { address } = await lookup(fleetHost).catch((cause: Error) => {
    throw new Error(`FLEET_HOST: expected a name that can be resolved, got ${fleetHost} (${cause.message})`, {
      cause,
    })
  })
  if (address !== '0.0.0.0' && address !== '::') return address
  throw new Error(
    `FLEET_HOST: expected the address at which other hosts reach this one, got ${fleetHost}, which is all of its addresses; set FLEET_HOST to one of them`,
  )
}

async function hostAt(address: string, primary: PrimaryContext, segment: Host): Promise<Host> {
  const { dataDir, workers, secret } = primary
  const { memory, close } = await openMemory(segment.handoff)
  try {
    // It issues nothing: it needs no number of a worker's, and has the next.
    const find = createSlots(memory, { workerId: workers, workers })
    const port = portFor([hostname(), address, dataDir])
    const door = await openDoor({ address, port, namer: createNamer(secret), key: wireKey(secret), find })
    const { name, place } = door
    return { handoff: { name, place, segment: segment.handoff }, close: () => end(door) }
  } catch (error) {
    close()
    throw error
  }

  async function end(door: Door): Promise<void> {
    await door.close()
    close()
    await segment.close()
  }
}

/**
 * Above those that systems give to outgoing connections. The host's name, because machines that all have the same address for
 * one another, the loopback one, must not take each other's captchas for those of an earlier life.
 */
function portFor(server: readonly string[]): number {
  const digest = createHash('sha256').update(JSON.stringify(server)).digest()
  return ports.first + (digest.readUInt32BE() % ports.count)
}

interface Handoff extends Pick<Door, 'name' | 'place'> {
  readonly segment: unknown
}

function parseHandoff(handoff: unknown): Handoff {
  const { name, place, segment }: Partial<Record<keyof Handoff, unknown>> = Object(handoff)
  if (typeof name === 'string' && typeof place === 'string') return { name, place, segment }
  throw new Error(`expected the owner's name and place from the primary, got ${typeof handoff}`)
}

interface Fleet {
  ask(verb: Verb, id: string): Awaitable<string | undefined>
  close(): void
}

/** The owners elsewhere, each with a connection from its first use until it is lost or idle. */
function createFleet(
  connect: Parameters<typeof openLine>[0],
  { secret, place: here }: { readonly secret: Uint8Array; readonly place: string },
): Fleet {
  const namer = createNamer(secret)
  const key = wireKey(secret)
  const lines = new Map<string, Line>()

  /** @returns nothing for who has no captchas: nobody who has the secret, or an earlier life of this very server */
  function dial(name: string): Line | undefined {
    const place = namer.placeIn(name)
    if (place === undefined || place === here) return undefined
    if (lines.size >= mostLines) throw new Error(`expected at most ${mostLines} owners at once, got another`)
    const line = openLine(connect, { name, place, key, onEnd: () => lines.delete(name) })
    lines.set(name, line)
    return line
  }

  return {
    ask(verb, id) {
      const [, name, slotId] = idShape.exec(id) ?? []
      if (name === undefined || slotId === undefined) return undefined
      return (lines.get(name) ?? dial(name))?.ask(verb, slotId)
    },
    close() {
      for (const line of lines.values()) line.close()
    },
  }
}

export default createOwner({ slots: usualSlots })
