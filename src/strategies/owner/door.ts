import { constants } from 'node:crypto'
import { once } from 'node:events'
import type { AddressInfo, Server, Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Namer } from './name.js'
import { createLineReader, limitMs, longest, parseRequest, replyOf, tlsOptions, type Verb } from './wire.js'

/** Connections from workers of other hosts; more are refused. */
const mostConnections = 1_024

/** A connection on which nothing has come for so long is probed by the system, ms, and closed when nobody is there. */
const probeAfterMs = 60_000

export interface Door {
  /** Of the server behind it, for the ids of its captchas. */
  readonly name: string
  /** Where that is: address, colon, port. */
  readonly place: string
  /** Nobody is answered any more once this has been called. */
  close(): Promise<void>
}

export interface DoorOptions {
  readonly address: string
  /** If it is free; otherwise any. */
  readonly port: number
  readonly namer: Namer
  readonly key: Buffer
  readonly find: Readonly<Record<Verb, (slotId: string) => string | undefined>>
}

/** Whom a connection was made to: the owner as it is, or what it was before it last started. */
type Meant = 'present' | 'former'

/**
 * Where workers of other hosts ask for the captchas of this one. Who asks for an earlier life of this server, whose place it has
 * and whose captchas went with it, is told that all of them are unknown.
 * @throws when it cannot listen at that address
 */
export async function openDoor({ address, port, namer, key, find }: DoorOptions): Promise<Door> {
  const { createServer } = await import('node:tls')
  const sockets = new Set<Socket>()
  const meant = new WeakMap<TLSSocket, Meant>()
  let name = ''
  let place = ''
  let closed = false

  function meaning(identity: string): Meant | undefined {
    if (identity === name) return 'present'
    return namer.placeIn(identity) === place ? 'former' : undefined
  }

  /** Of memory that may be gone by the time a last request is read. */
  function ask(verb: Verb, slotId: string): string | undefined {
    if (closed) throw new Error('the owner is closed')
    return find[verb](slotId)
  }

  const server = createServer({
    ...tlsOptions,
    // A resumed session would not say again whom it means.
    secureOptions: constants.SSL_OP_NO_TICKET,
    handshakeTimeout: limitMs,
    pskCallback(socket, identity) {
      const whom = meaning(identity)
      if (whom === undefined) return null
      meant.set(socket, whom)
      return key
    },
  })
  server.maxConnections = mostConnections
  server.on('connection', (socket: Socket) => {
    // Workers close what they do not use; probes find those that are gone, at no cost to the others.
    sockets.add(socket.setNoDelay(true).setKeepAlive(true, probeAfterMs))
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('secureConnection', (socket) => {
    const whom = meant.get(socket)
    if (whom === undefined) socket.destroy()
    else answerOn(socket, whom === 'present' ? ask : () => undefined)
  })

  await listen(server, address, port)
  place = `${address}:${(server.address() as AddressInfo).port}`
  name = namer.nameAt(place)
  return {
    name,
    place,
    async close() {
      closed = true
      const ended = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await ended
    },
  }
}

type Ask = (verb: Verb, slotId: string) => string | undefined

function answerOn(socket: TLSSocket, ask: Ask): void {
  const linesOf = createLineReader(longest.request)

  function answer(line: string): string {
    const { verb, slotId } = parseRequest(line)
    return replyOf(ask(verb, slotId))
  }

  socket.setEncoding('latin1')
  socket.on('error', () => undefined)
  socket.on('drain', () => socket.resume())
  socket.on('data', (text: string) => {
    try {
      const replies = linesOf(text).map(answer).join('')
      // Who does not listen to answers gets no more of them.
      if (replies !== '' && !socket.write(replies, 'latin1')) socket.pause()
    } catch {
      socket.destroy()
    }
  })
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  try {
    await once(server.listen({ host, port }), 'listening')
  } catch (cause) {
    const isTaken = cause instanceof Error && 'code' in cause && cause.code === 'EADDRINUSE'
    if (isTaken && port !== 0) return listen(server, host, 0)
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`FLEET_HOST: expected an address of this host, got ${host} (${reason})`, { cause })
  }
}
