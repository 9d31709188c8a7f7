import type { Socket } from 'node:net'
import { operations } from '../slices.js'
import type { Target } from './generator.js'
import { exchange, issuedIn, openSocket, toText } from './raw.js'

export interface WarmUpLoad extends Disposable {
  /** Each connection issues, reads and takes so many captchas; those of one operation go out at once. */
  send(perConnection: number): Promise<void>
}

/**
 * Opens the load that warms a server up. Raw text over bare sockets, because warming up is most of what a launch costs:
 * autocannon spends as much CPU time on sending as the server on answering.
 */
export async function openWarmUpLoad({ endpoint }: Target, connections: number): Promise<WarmUpLoad> {
  const { hostname, port } = new URL(endpoint)
  const sockets = await Promise.all(
    Array.from({ length: connections }, () => openSocket(hostname, Number(port))),
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

/** Issues a batch, reads it and takes it. */
async function sendBatch(socket: Socket, size: number): Promise<void> {
  const issued = issuedIn(
    await exchange(
      socket,
      Array.from({ length: size }, () => toText.write({ id: '', answer: '' })),
    ),
  )
  // A store that issues nothing is still measured: its slices say what it answers.
  if (issued.length === 0) return
  for (const operation of operations.slice(1)) await exchange(socket, issued.map(toText[operation]))
}
