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
  /** Each connection issues, reads and takes so many captchas; those of one operation go out at once. */
  send(perConnection: number): Promise<void>
}

/**
 * Opens the load that warms a server up. Raw text over bare sockets, because warming up is most of what a launch costs:
 * autocannon spends as much CPU time on sending as the server on answering.
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

/**
 * @returns the answers' text, once as many have come as requests were sent
 * @throws Error when the connection is lost or the answers take too long
 */
function exchange(socket: Socket, requests: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const limit = setTimeout(
      () => end(new Error(`no answer within ${exchangeLimitMs / 1_000} s`)),
      exchangeLimitMs,
    )
    const gone = () => end(new Error('the server closed a connection'))

    function collect(chunk: Buffer): void {
      text += chunk.toString('latin1')
      // The last head is there; its body is short and came with it, or is passed over by the next exchange.
      if (text.split('HTTP/1.1 ').length > requests.length) end()
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
    socket.write(requests.join(''))
  })
}

function issuedIn(text: string): readonly Issued[] {
  return Array.from(
    text.matchAll(/x-captcha-answer: (\S+)\r\nx-captcha-id: (\S+)/g),
    ([, answer = '', id = '']) => ({ id, answer }),
  )
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
