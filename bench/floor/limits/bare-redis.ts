import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import type { Strategy } from '../../../src/strategy.js'

/** The limit of `redis`: commands on a socket, answers in the order they come; no client, no second attempt. */
const bareRedis: Strategy = {
  name: 'bare-redis',
  summary: 'A socket to Redis: SET … PX, GET, GETDEL.',
  claims: { scope: 'fleet', singleUse: true, survives: 'restart' },
  exhibit: 'A limit, not a store: a request waits as long as Redis lets it.',
  engines: ['redis'],
  async open({ services: { redisUrl = '' } }) {
    // The engine is always the run's own, on a Unix socket.
    const socket = connect(new URL(redisUrl).pathname)
    await once(socket.setEncoding('utf8'), 'connect')
    const waiting: ((line: string | undefined) => void)[] = []
    let rest = ''
    socket.on('data', (text: string) => {
      const lines = (rest + text).split('\r\n')
      rest = lines.pop() ?? ''
      for (const line of lines) {
        // Unheard, an error ends the worker, and with it the measurement.
        if (line.startsWith('-')) socket.destroy(new Error(line))
        // Before each value comes its length, alone where there is none.
        if (!line.startsWith('$')) waiting.shift()?.(line)
        else if (line === '$-1') waiting.shift()?.(undefined)
      }
    })
    const send = (...words: readonly string[]) =>
      new Promise<string | undefined>((resolve) => {
        waiting.push(resolve)
        socket.write(
          words.reduce((text, word) => `${text}$${word.length}\r\n${word}\r\n`, `*${words.length}\r\n`),
        )
      })
    return {
      async issue(answer, ttlMs) {
        const id = randomUUID()
        await send('SET', id, answer, 'PX', String(ttlMs))
        return id
      },
      read: (id) => send('GET', id),
      take: (id) => send('GETDEL', id),
      close: () => void socket.destroy(),
    }
  },
}

export default bareRedis
