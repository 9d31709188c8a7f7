import type { Socket } from 'node:net'
import { operations } from '../slices.js'
import { inTurn } from './address.js'
import { createDeal } from './deal.js'
import type { Target } from './generator.js'
import { exchange, issuedIn, openLine, toText } from './raw.js'

/** Connections that reach a worker that has its share already, before one gives up. */
const refusalLimit = 1_000

export interface WarmUpLoad extends Disposable {
  /** Each connection issues, reads and takes so many captchas, one request at a time. */
  send(perConnection: number): Promise<void>
}

/**
 * Opens the load that warms a server up. Raw text over bare sockets, because warming up is most of what a launch costs:
 * autocannon spends as much CPU time on sending as the server on answering. One request at a time on each connection, as in
 * a slice: warmed up with pipelined requests, twice as fast, a server went on from 118 to 53 µs a request while it was measured.
 */
export async function openWarmUpLoad(target: Target, connections: number): Promise<WarmUpLoad> {
  const sockets = await openSockets(target, connections)
  return {
    async send(perConnection) {
      await Promise.all(sockets.map((socket) => sendBatch(socket, perConnection)))
    },
    [Symbol.dispose]() {
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** As many to each worker. @throws Error when the server does not let them be dealt so; none is left open then */
async function openSockets({ addresses }: Target, size: number): Promise<Socket[]> {
  const deal = createDeal(addresses, size)
  const sockets: Socket[] = []
  try {
    for (let refused = 0; sockets.length < size; ) {
      const address = inTurn(addresses, sockets.length)
      const { socket, worker } = await openLine(address)
      if (deal.accept(address, worker)) {
        sockets.push(socket)
        continue
      }
      socket.destroy()
      refused += 1
      if (refused === refusalLimit)
        throw new Error(`expected ${size} connections spread evenly over the workers, got ${sockets.length}`)
    }
    return sockets
  } catch (error) {
    for (const socket of sockets) socket.destroy()
    throw error
  }
}

async function sendBatch(socket: Socket, size: number): Promise<void> {
  for (let sent = 0; sent < size; sent += 1) {
    const [captcha] = issuedIn(await exchange(socket, [toText.write({ id: '', answer: '' })]))
    // A store that issues nothing is still measured: its slices say what it answers.
    if (captcha === undefined) continue
    for (const operation of operations.slice(1)) await exchange(socket, [toText[operation](captcha)])
  }
}
