import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { type Operation, operations } from '../slices.js'
import type { Target } from './generator.js'

interface Issued {
  readonly id: string
  readonly answer: string
}

/** Longer than any store here waits for its own locks. */
const exchangeLimitMs = 15_000

export interface WarmUpLoad extends Disposable {
  /** Each connection issues, reads and takes so many captchas, one request at a time. */
  send(perConnection: number): Promise<void>
}

/**
 * Opens the load that warms a server up. Raw text over bare sockets, because warming up is most of what a launch costs:
 * autocannon spends as much CPU time on sending as the server on answering. One request at a time on each connection, as in
 * a slice: warmed up with pipelined requests, twice as fast, a server went on from 118 to 53 µs a request while it was measured.
 */
export async function openWarmUpLoad({ endpoint }: Target, connections: number): Promise<WarmUpLoad> {
  const { hostname, port } = new URL(endpoint)
  const sockets = await Promise.all(Array.from({ length: connections }, () => open(hostname, Number(port))))
  return {
    async send(perConnection) {
      await Promise.all(sockets.map((socket) => sendBatch(socket, perConnection)))
    },
    [Symbol.dispose]() {
      for (const socket of sockets) socket.destroy()
    },
  }
}

async function open(host: string, port: number): Promise<Socket> {
  const socket = connect({ host, port, noDelay: true })
  await once(socket, 'connect')
  // What an error means is told by the 'close' after it.
  socket.on('error', () => undefined)
  return socket
}

async function sendBatch(socket: Socket, size: number): Promise<void> {
  for (let sent = 0; sent < size; sent += 1) {
    const captcha = issuedIn(await exchange(socket, toText.write({ id: '', answer: '' })))
    // A store that issues nothing is still measured: its slices say what it answers.
    if (captcha === undefined) continue
    for (const operation of operations.slice(1)) await exchange(socket, toText[operation](captcha))
  }
}

/**
 * @returns the answer's text
 * @throws Error when the connection is lost or the answer takes too long
 */
function exchange(socket: Socket, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const limit = setTimeout(
      () => end(new Error(`no answer within ${exchangeLimitMs / 1_000} s`)),
      exchangeLimitMs,
    )
    const gone = () => end(new Error('the server closed a connection'))

    function collect(chunk: Buffer): void {
      text += chunk.toString('latin1')
      // Bodies are short and come with their heads; one that did not is passed over by the next exchange.
      if (text.includes('\r\n\r\n')) end()
    }

    function end(error?: Error): void {
      clearTimeout(limit)
      socket.off('data', collect)
      socket.off('close', gone)
      if (error) reject(error)
      else resolve(text)
    }

    // Closed between two exchanges: nothing will ever be heard of it again.
    if (socket.destroyed) return gone()
    socket.once('close', gone)
    socket.on('data', collect)
    socket.write(request)
  })
}

function issuedIn(text: string): Issued | undefined {
  const [, answer, id] = /x-captcha-answer: (\S+)\r\nx-captcha-id: (\S+)/.exec(text) ?? []
  return answer === undefined || id === undefined ? undefined : { id, answer }
}

const toText: Readonly<Record<Operation, (captcha: Issued) => string>> = {
  write: () => 'POST /captcha HTTP/1.1\r\nHost: localhost\r\n\r\n',
  read: ({ id }) => `GET /captcha/${id}/image HTTP/1.1\r\nHost: localhost\r\n\r\n`,
  take({ id, answer }) {
    const body = JSON.stringify({ answer })
    const head = `POST /captcha/${id}/verify HTTP/1.1\r\nHost: localhost\r\ncontent-type: application/json`
    return `${head}\r\ncontent-length: ${body.length}\r\n\r\n${body}`
  },
}
