import type { TLSSocket } from 'node:tls'
import { openPatience } from '../../patience.js'
import { createLineReader, limitMs, longest, parseReply, requestOf, tlsOptions, type Verb } from './wire.js'

/** Calls that may wait for an owner that does not answer; more are refused at once. */
const mostWaiting = 10_000

/** A connection that nobody has used for so long is closed, ms. */
const idleMs = 30_000

/** A connection to an owner; calls may be made before it stands. */
export interface Line {
  /** @throws when the owner cannot be asked, or has not answered within 2 s: whether a take happened is then not known */
  ask(verb: Verb, slotId: string): Promise<string | undefined>
  close(): void
}

export interface LineOptions {
  readonly name: string
  readonly place: string
  readonly key: Buffer
  /** It can no longer be used: the next call needs another. */
  readonly onEnd: () => void
}

interface Call {
  resolve(answer: string | undefined): void
  reject(error: Error): void
}

type Connect = typeof import('node:tls').connect

/** Never makes a call twice: what is under way when the connection is lost has failed. */
export function openLine(connect: Connect, { name, place, key, onEnd }: LineOptions): Line {
  const colon = place.lastIndexOf(':')
  const socket = connect({
    ...tlsOptions,
    host: place.slice(0, colon),
    port: Number(place.slice(colon + 1)),
    pskCallback: () => ({ psk: key, identity: name }),
    // There are no certificates: who holds the key is the one.
    checkServerIdentity: () => undefined,
  })
  const waiting: Call[] = []
  const linesOf = createLineReader(longest.reply)
  const patience = openPatience<Call>(limitMs, () => fail(`has not answered within ${limitMs} ms`))
  const idle = setTimeout(close, idleMs)
  let ended = false

  function fail(what: string, cause?: unknown): void {
    if (ended) return
    ended = true
    clearTimeout(idle)
    patience.close()
    socket.destroy()
    onEnd()
    const error = new Error(`the owner of the captcha, at ${place}, ${what}: the outcome is not known`, {
      cause,
    })
    for (const { reject } of waiting.splice(0)) reject(error)
  }

  function receive(text: string): void {
    try {
      for (const line of linesOf(text)) {
        const answer = parseReply(line)
        const call = waiting.shift()
        if (call === undefined) throw new Error('expected no more replies than calls')
        patience.end(call)
        call.resolve(answer)
      }
    } catch (error) {
      fail('has answered what is no answer', error)
    }
  }

  function close(): void {
    fail('is not asked any more')
  }

  follow(socket, { receive, fail })
  return {
    ask(verb, slotId) {
      return new Promise((resolve, reject) => {
        if (waiting.length >= mostWaiting)
          throw new Error(`${mostWaiting} calls wait for the owner at ${place}`)
        const call = { resolve, reject }
        waiting.push(call)
        patience.begin(call)
        idle.refresh()
        socket.write(requestOf(verb, slotId), 'latin1')
      })
    },
    close,
  }
}

interface Listener {
  receive(text: string): void
  fail(what: string, cause?: unknown): void
}

function follow(socket: TLSSocket, { receive, fail }: Listener): void {
  socket.setNoDelay(true).setEncoding('latin1')
  socket.on('data', receive)
  // In place of the message: of TLS it is several lines.
  socket.on('error', (error: NodeJS.ErrnoException) =>
    fail(`cannot be asked (${error.code ?? error.message})`, error),
  )
  // Its end comes first: until the close, a call would be written to nobody.
  for (const event of ['end', 'close']) socket.on(event, () => fail('has closed the connection'))
}
