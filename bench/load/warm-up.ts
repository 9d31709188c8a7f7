import type { Socket } from 'node:net'
import { operations } from '../slices.js'
import { inTurn } from './address.js'
import type { Target } from './generator.js'
import { exchange, issuedIn, openSocket, toText } from './raw.js'

export interface WarmUpLoad extends Disposable {
  /** Each connection issues, reads and takes so many captchas, one request at a time. */
  send(perConnection: number): Promise<void>
}

/**
 * Opens the load that warms a server up. Raw text over bare sockets, because warming up is most of what a launch costs:
 * autocannon spends as much CPU time on sending as the server on answering. One request at a time on each connection, as in
 * a slice: warmed up with pipelined requests, twice as fast, a server went on from 118 to 53 µs a request while it was measured.
 */
export async function openWarmUpLoad({ addresses }: Target, connections: number): Promise<WarmUpLoad> {
  const sockets = await Promise.all(
    Array.from({ length: connections }, (_, index) => openSocket(inTurn(addresses, index).endpoint)),
  )
  return {
    async send(perConnection) {
      await Promise.all(sockets.map((socket) => sendBatch(socket, perConnection)))
    },
    [Symbol.dispose]() {
      for (const socket of sockets) socket.destroy()
    },
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
