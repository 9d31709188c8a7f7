import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import type { Operation } from '../slices.js'
import type { Address } from './address.js'

/** Requests and answers as raw text over bare sockets, for load that nobody times. */

export interface Issued {
  readonly id: string
  readonly answer: string
}

/** Longer than any store here waits for its own locks. */
export const exchangeLimitMs = 15_000

export async function openSocket(endpoint: string): Promise<Socket> {
  const { hostname, port } = new URL(endpoint)
  const socket = connect({ host: hostname, port: Number(port), noDelay: true })
  await once(socket, 'connect')
  // What an error means is told by the 'close' after it.
  socket.on('error', () => undefined)
  return socket
}

/** A connection, and who is at its other end. */
export interface Line {
  readonly socket: Socket
  readonly worker: number
}

export const healthText = 'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n'

/** @throws Error when nobody answers */
export async function openLine({ endpoint, first }: Address): Promise<Line> {
  const socket = await openSocket(endpoint)
  const text = await exchange(socket, [healthText])
  return { socket, worker: first + Number(/x-worker: (\d+)/.exec(text)?.[1] ?? Number.NaN) }
}

/**
 * @returns the answers' text, once as many have come as requests were sent
 * @throws Error when the connection is lost or the answers take too long
 */
export function exchange(socket: Socket, requests: readonly string[]): Promise<string> {
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

export function issuedIn(text: string): readonly Issued[] {
  return Array.from(
    text.matchAll(/x-captcha-answer: (\S+)\r\nx-captcha-id: (\S+)/g),
    ([, answer = '', id = '']) => ({ id, answer }),
  )
}

/** What autocannon sends with every request: V8 compiles for the requests it has seen. */
const headers = 'Host: localhost\r\nConnection: keep-alive'

export const toText: Readonly<Record<Operation, (captcha: Issued) => string>> = {
  write: () => `POST /captcha HTTP/1.1\r\n${headers}\r\n\r\n`,
  read: ({ id }) => `GET /captcha/${id}/image HTTP/1.1\r\n${headers}\r\n\r\n`,
  take({ id, answer }) {
    const body = JSON.stringify({ answer })
    const head = `POST /captcha/${id}/verify HTTP/1.1\r\n${headers}\r\ncontent-type: application/json`
    return `${head}\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  },
}
