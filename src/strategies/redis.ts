import { drawBytes } from '../draw-bytes.js'
import { openPatience } from '../patience.js'
import type { Services, Strategy } from '../strategy.js'

/** A Redis that has not answered by then is not waited for any longer, ms: the app answers 503. */
const limitMs = 2_000

/** Between two attempts to connect again, at the most, ms. */
const longestBackoffMs = 250

const tooLate = `Redis has not answered within ${limitMs} ms: the outcome is not known`

/** Commands that may wait for a Redis that does not answer; more are refused at once. */
const mostWaiting = 10_000

/** A connection that is made again by itself whenever it is lost. */
export interface RedisConnection {
  /**
   * Sends one command, once: whatever becomes of it, it is never repeated.
   * @throws Error at once while there is no connection, and after 2 s without an answer: its outcome is then not known
   */
  send(...command: readonly string[]): Promise<unknown>
  /** At once, whether or not there is somebody at the other end. */
  close(): void
}

/**
 * @throws Error when there is no address, no library, or nobody who answers
 */
export async function connectRedis({ redisUrl }: Services): Promise<RedisConnection> {
  if (redisUrl === undefined) throw new Error('expected REDIS_URL to name a Redis, got nothing')
  const url = redisUrl
  const { createClient } = await import('redis')
  let failure: Error | undefined
  let closed = false
  let link = create()

  function create() {
    const client = createClient(optionsFor(url))
    // Unheard, each lost connection would end the worker.
    client.on('error', (error: Error) => {
      failure = error
    })
    return { client, isGivenUp: false, patience: openPatience<readonly string[]>(limitMs, giveUp) }
  }

  /**
   * Answers come in the order of the commands, so with the oldest all are late; and nobody knows whether the other end is still there:
   * its connection is given up, and whatever still waits with it.
   */
  function giveUp(): void {
    if (closed) return
    link.isGivenUp = true
    link.patience.close()
    link.client.destroy()
    link = create()
    link.client.connect().catch(() => undefined)
  }

  async function send(...command: readonly string[]): Promise<unknown> {
    const used = link
    used.patience.begin(command)
    try {
      return await used.client.sendCommand(command)
    } catch (error) {
      throw used.isGivenUp ? new Error(tooLate, { cause: error }) : error
    } finally {
      used.patience.end(command)
    }
  }

  try {
    await within(link.client.connect())
  } catch (error) {
    link.client.destroy()
    throw failure ?? error
  }
  return {
    send,
    close() {
      closed = true
      link.patience.close()
      link.client.destroy()
    },
  }
}

/** Made anew for each client, which changes what it is given. */
function optionsFor(url: string) {
  return {
    url,
    RESP: 2,
    // Without a connection a command fails; queued, it would be done long after somebody was told that it was not.
    disableOfflineQueue: true,
    commandsQueueMaxLength: mostWaiting,
    // Its own limit is an AbortSignal for each command, which fires long after the answer: two thirds of a command's CPU time.
    commandOptions: { timeout: 0 },
    socket: {
      connectTimeout: limitMs,
      reconnectStrategy: (retries: number) => Math.min(longestBackoffMs, 20 * 2 ** retries),
    },
  } as const
}

function within<T>(connected: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(tooLate)), limitMs)
    connected.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

/** What nobody planned is an error, and never "no such captcha". */
export function unexpected(command: string, reply: unknown): Error {
  return new Error(`Redis answered ${command} with ${reply === null ? 'nothing' : typeof reply}`)
}

const keyOf = (id: string) => `crossworker:${id}`

/** Its claim rests on the append-only file (`appendonly yes`) and on `noeviction`, which are the engine's settings, not ours. */
const redis: Strategy = {
  name: 'redis',
  summary: 'Redis: SET … PX NX issues, GETDEL decides every take.',
  claims: { scope: 'fleet', singleUse: true, survives: 'restart' },
  engines: ['redis'],
  async open({ services }) {
    const connection = await connectRedis(services)

    async function ask(command: 'GET' | 'GETDEL', id: string): Promise<string | undefined> {
      const reply = await connection.send(command, keyOf(id))
      if (reply === null) return undefined
      if (typeof reply === 'string') return reply
      throw unexpected(command, reply)
    }

    return {
      async issue(answer, ttlMs) {
        const id = drawBytes(18).toString('base64url')
        // A key with PX n is there until the clock of whole milliseconds is beyond n (keyIsExpired in db.c: now > when).
        const forMs = Math.floor(ttlMs) - 1
        // What lives for a millisecond is over by the time anybody hears of it.
        if (forMs < 1) return id
        const reply = await connection.send('SET', keyOf(id), answer, 'PX', String(forMs), 'NX')
        if (reply !== 'OK') throw unexpected('SET', reply)
        return id
      },
      read: (id) => ask('GET', id),
      take: (id) => ask('GETDEL', id),
      close: connection.close,
    }
  },
}

export default redis
