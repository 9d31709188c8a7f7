import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { connect as connectSecurely, createServer as createSecureServer, type TLSSocket } from 'node:tls'
import { tlsOptions } from '../strategies/owner/wire.js'

/** Strangers, and others who listen where an owner might, or ask like a worker. */

/** Listens on any port of the loopback interface. */
export interface Stranger extends AsyncDisposable {
  readonly place: string
  readonly port: number
  /** Connections made to it so far. */
  connections(): number
  /** Those of them that are open. */
  open(): number
  /** All it was told. */
  heard(): string
}

/** @param reply to whatever comes */
export function openStranger(reply: string): Promise<Stranger> {
  return listening(createServer(), 'connection', reply)
}

/** Speaks TLS with `key` to whoever asks. */
export function openSecureStranger(key: Buffer, reply: string): Promise<Stranger> {
  const server = createSecureServer({ ...tlsOptions, pskCallback: () => key })
  return listening(server, 'secureConnection', reply)
}

async function listening(
  server: Server,
  event: 'connection' | 'secureConnection',
  reply: string,
): Promise<Stranger> {
  const sockets = new Set<Socket>()
  let connections = 0
  let heard = ''
  server.on('connection', (socket: Socket) => {
    connections += 1
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
    socket.on('error', () => undefined)
  })
  server.on(event, (socket: Socket) => {
    socket.on('error', () => undefined)
    socket.on('data', (text) => {
      heard += text
      socket.write(reply)
    })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return {
    place: `127.0.0.1:${port}`,
    port,
    connections: () => connections,
    open: () => sockets.size,
    heard: () => heard,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** All that the owner at `place` says to who tells it `text` and listens until it hangs up. */
export function shout(place: string, text: string): Promise<string> {
  return conversation(connect(endOf(place)), text)
}

/** The same over TLS, as whoever has `key` and means the owner of that name. */
export function shoutSecurely(
  place: string,
  { key, name }: { readonly key: Buffer; readonly name: string },
  text: string,
): Promise<string> {
  const pskCallback = () => ({ psk: key, identity: name })
  const options = { ...tlsOptions, ...endOf(place), pskCallback, checkServerIdentity: () => undefined }
  return conversation(connectSecurely(options), text)
}

function endOf(place: string): { readonly host: string; readonly port: number } {
  const [host = '', port] = place.split(':')
  return { host, port: Number(port) }
}

async function conversation(socket: Socket | TLSSocket, text: string): Promise<string> {
  let said = ''
  socket.on('error', () => undefined)
  socket.on('data', (chunk) => {
    said += chunk
  })
  socket.end(text)
  await new Promise((resolve) => socket.once('close', resolve))
  return said
}
