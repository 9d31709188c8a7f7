import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { type Dialogue, openDialogue } from '../load/dialogue.js'

const opened: (Server | Socket)[] = []
afterEach(async () => {
  for (const thing of opened.splice(0).reverse()) {
    if ('destroy' in thing) thing.destroy()
    else await new Promise((resolve) => thing.close(resolve))
  }
})

/** A server that sends these pieces for each request, each in a packet of its own. */
async function dialogueWith(
  answer: (socket: Socket) => void,
  limitMs = 5_000,
): Promise<Dialogue & { readonly socket: Socket }> {
  const server = createServer((socket) => {
    opened.push(socket)
    socket.on('data', () => answer(socket))
  })
  opened.push(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const socket = connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, noDelay: true })
  opened.push(socket)
  await once(socket, 'connect')
  socket.on('error', () => undefined)
  return { ...openDialogue(socket, limitMs), socket }
}

test('an answer is there with its head, however it is cut, and a late body is no answer', async () => {
  let number = 0
  const { ask } = await dialogueWith((socket) => {
    number += 1
    const pieces = ['HTTP/1.', `1 200 OK\r\nx-number: ${number}\r`, '\n\r\n']
    const send = () => {
      const piece = pieces.shift()
      if (piece !== undefined) socket.write(piece, () => setImmediate(send))
      else socket.write('body')
    }
    send()
  })
  for (const expected of [1, 2, 3])
    expect(await ask('GET / HTTP/1.1\r\n\r\n')).toContain(`x-number: ${expected}`)
})

test('a connection that is closed fails the request under way and every later one', async () => {
  const { ask } = await dialogueWith((socket) => socket.end())
  await expect(ask('GET /')).rejects.toThrow('the server closed a connection')
  await expect(ask('GET /')).rejects.toThrow('the server closed a connection')
})

test('an answer that takes too long is waited for no longer', async () => {
  const { ask } = await dialogueWith(() => undefined, 20)
  await expect(ask('GET /')).rejects.toThrow('no answer within 0.02 s')
})

test('an answer that takes too long is noticed after a silence between two questions, too', async () => {
  let answers = 0
  const answerOnce = (socket: Socket) =>
    answers++ === 0 ? socket.write('HTTP/1.1 200 OK\r\n\r\n') : undefined
  const { ask, socket } = await dialogueWith(answerOnce, 20)
  await ask('GET /')
  await once(socket, 'timeout')
  await expect(ask('GET /')).rejects.toThrow('no answer within 0.02 s')
})
