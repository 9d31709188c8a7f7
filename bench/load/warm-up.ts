import type { Socket } from 'node:net'
import { operations } from '../slices.js'
import { inTurn } from './address.js'
import { createDeal } from './deal.js'
import { type Dialogue, openDialogue } from './dialogue.js'
import { handOff } from './exchange.js'
import type { Target } from './generator.js'
import { exchangeLimitMs, type Issued, issuedIn, openLine, toText } from './raw.js'

/** Connections that reach a worker that has its share already, before one gives up. */
const refusalLimit = 1_000

export interface WarmUpLoad extends Disposable {
  readonly connections: number
  /** Each connection issues so many captchas, and reads and takes about as many, one request at a time. */
  send(perConnection: number): Promise<void>
}

/**
 * Opens the load that warms a server up. Raw text over bare sockets, because warming up is most of what a launch costs:
 * autocannon spends as much CPU time on sending as the server on answering. One request at a time on each connection, as in
 * a slice: warmed up with pipelined requests, twice as fast, a server went on from 118 to 53 µs a request while it was measured.
 *
 * And captchas are handed over, as in a slice. Where each connection took its own, a store of one process never answered 404
 * before it was measured; with the first slices each of 4 workers deoptimised the same four functions of the server, and
 * optimised them anew for thousands of requests (16 and 51 times in all; with hand-over 0 and 9). The standard deviation of a
 * block's log-ratio of CPU time fell from 0.32 – 0.37 to 0.18 – 0.21.
 *
 * @param ahead captchas that stay issued and wait for another connection; with none, each connection takes its own
 * @throws Error when the connections cannot be opened
 */
export async function openWarmUpLoad(
  target: Target,
  connections: number,
  ahead = connections,
): Promise<WarmUpLoad> {
  const sockets = await openSockets(target, connections)
  const dialogues = sockets.map((socket) => openDialogue(socket, exchangeLimitMs))
  const waiting: Waiting[] = []

  async function sendBatch({ ask }: Dialogue, connection: number, size: number): Promise<void> {
    for (let sent = 0; sent < size; sent += 1) {
      // A store that issues nothing is still measured: its slices say what it answers.
      const issued = issuedIn(await ask(toText.write({ id: '', answer: '' })))
      waiting.push(...issued.map((captcha) => ({ ...captcha, connection })))
      const captcha = waiting.length > ahead ? handOff(waiting, connection) : undefined
      if (captcha === undefined) continue
      for (const operation of operations.slice(1)) await ask(toText[operation](captcha))
    }
  }

  return {
    connections,
    async send(perConnection) {
      await Promise.all(
        dialogues.map((dialogue, connection) => sendBatch(dialogue, connection, perConnection)),
      )
    },
    [Symbol.dispose]() {
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** Issued, and not yet handed over. */
interface Waiting extends Issued {
  readonly connection: number
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
