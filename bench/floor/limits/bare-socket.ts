import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import type { Strategy } from '../../../src/strategy.js'

/** Another way to ask the primary: a byte over a Unix socket and back, without Node's channel, JSON and numbered calls. */
const bareSocket: Strategy = {
  name: 'bare-socket',
  summary: 'A byte to the primary and back over a Unix socket, once per request; the id spells the answer.',
  claims: { scope: 'host', singleUse: false, survives: 'nothing' },
  exhibit: 'A limit, not a store: its ids can be guessed, replayed and read.',
  async host({ dataDir }) {
    const server = createServer((socket) => socket.on('data', (bytes) => void socket.write(bytes)))
    await once(server.listen(pathIn(dataDir)), 'listening')
    return { close: () => void server.close() }
  },
  async open({ dataDir, workerId }) {
    const socket = connect(pathIn(dataDir))
    await once(socket, 'connect')
    const waiting: (() => void)[] = []
    socket.on('data', ({ length }) => {
      for (const answered of waiting.splice(0, length)) answered()
    })
    const ask = () =>
      new Promise<void>((resolve) => {
        waiting.push(resolve)
        socket.write('?')
      })
    let issued = 0
    const answerOf = async (id: string) => {
      await ask()
      return id.slice(id.lastIndexOf('-') + 1)
    }
    return {
      async issue(answer) {
        await ask()
        issued += 1
        return `${workerId}-${issued}-${answer}`
      },
      read: answerOf,
      take: answerOf,
      close: () => void socket.destroy(),
    }
  },
}

function pathIn(dataDir: string): string {
  return join(dataDir, 'primary.sock')
}

export default bareSocket
