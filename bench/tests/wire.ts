import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Address } from '../load/address.js'

/** A server on the wire: says what a test tells it to, byte by byte. */
export interface Wire extends AsyncDisposable {
  readonly address: Address
  /** Everything that has come on a connection after its greeting, by the order of the connections. */
  readonly received: string[]
  readonly sockets: Socket[]
}

/** What is answered to a request, once all of it has come; connections tell apart by their number. */
export type Script = (request: string, socket: Socket, connection: number) => void

/** Greets with `x-worker`, dealing connections out in turn as the cluster does. */
export async function openWire(workers: number, script: Script): Promise<Wire> {
  const received: string[] = []
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    const connection = sockets.push(socket) - 1
    received.push('')
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      const text = chunk.toString('latin1')
      if (text.startsWith('GET /health'))
        return void socket.write(answer(200, `x-worker: ${connection % workers}`))
      received[connection] += text
      for (const request of wholeRequests(text, received[connection] ?? ''))
        script(request, socket, connection)
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return {
    address: { endpoint: `http://127.0.0.1:${port}`, instance: 'wire', workers: [0, 1, 2, 3], first: 0 },
    received,
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Our clients send one request at a time: it is whole when its head, and its body if it has one, are there. */
function wholeRequests(chunk: string, all: string): readonly string[] {
  const request = all.slice(all.lastIndexOf(' HTTP/1.1\r\n') === -1 ? 0 : startOfLast(all))
  const [head = '', body] = request.split('\r\n\r\n')
  const length = Number(/content-length: (\d+)/.exec(head)?.[1] ?? 0)
  return chunk !== '' && body !== undefined && body.length === length ? [request] : []
}

function startOfLast(all: string): number {
  return Math.max(...[...all.matchAll(/(GET|POST) \S+ HTTP\/1\.1\r\n/g)].map(({ index }) => index))
}

/** An answer's text; extra header lines before its body. */
export function answer(status: number, headers: string, body = ''): string {
  const lines = [`HTTP/1.1 ${status} Told`, 'x-instance: wire', `content-length: ${body.length}`]
  return `${[...lines, ...headers.split('\n').filter(Boolean)].join('\r\n')}\r\n\r\n${body}`
}
