import { Socket } from 'node:net'
import { StringDecoder } from 'node:string_decoder'
import type { Call, CallChannel, Reply } from './call.js'

/**
 * Calls and replies between the primary and one worker process, each a line of JSON over a socket pair of their own: `[number,
 * message?]` and `[number, value?, error?]`. Over Node's channel a call costs both processes a third more, for what it does not
 * need: handles that may travel along, an emitter, a callback for each message.
 */

/** How to spawn a worker with its end of the wire as the last of its descriptors. */
export const stdioWithWire = ['inherit', 'inherit', 'inherit', 'ipc', 'pipe'] as const

const wireDescriptor = stdioWithWire.length - 1

/** Characters that wait for the other end to read: they are memory of this process. */
const mostWaiting = 1_048_576

/** In the worker: its calls out, their replies in. */
export function openWorkerEnd(settle: (reply: Reply) => void): CallChannel {
  const socket = new Socket({ fd: wireDescriptor })
  const read = createReader((line) => settle({ kind: 'reply', ...line }))
  const { write, waiting } = createWriter(socket)
  socket.on('data', read)
  return {
    send({ number, message }) {
      if (!socket.writable) throw new Error('the primary cannot be reached: the channel is closed')
      write({ number, value: message })
    },
    isFull: () => waiting() >= mostWaiting,
    close: () => void socket.destroy(),
  }
}

export interface PrimaryEnd {
  /**
   * To a worker that has gone: lost, without harm.
   * @throws TypeError when JSON cannot say it; nothing is sent then
   */
  answer(reply: Reply): void
  /** Calls not yet read are not made. */
  close(): void
}

export interface PrimaryEndListener {
  call(call: Call): void
  /** Told once, and nothing after it: what the worker sent is no call. */
  garbled(): void
}

/** In the primary: one worker's calls in, their replies out. */
export function openPrimaryEnd(
  stdio: readonly unknown[] | undefined,
  { call, garbled }: PrimaryEndListener,
): PrimaryEnd {
  const socket = stdio?.[wireDescriptor]
  if (!(socket instanceof Socket))
    throw new Error('expected a wire to the worker, got none: it was not started')
  const read = createReader(({ number, value, error }) => {
    if (error !== undefined) throw new Error('expected a call, got an error')
    call({ kind: 'call', number, message: value })
  })
  socket.on('data', (chunk) => {
    try {
      read(chunk)
    } catch {
      socket.destroy()
      garbled()
    }
  })
  return { answer: createWriter(socket).write, close: () => void socket.destroy() }
}

interface Line {
  readonly number: number
  readonly value?: unknown
  readonly error?: string
}

/** What is sent in one turn goes out in one write: a system call, and a reader to be woken, are most of what a call costs. */
function createWriter(socket: Socket) {
  let outbox = ''
  // Which end has gone is learned from its process, and what was on its way is lost with it.
  socket.on('error', () => undefined)

  function flush(): void {
    const text = outbox
    outbox = ''
    if (socket.writable) socket.write(text)
  }

  function write(line: Line): void {
    const text = textOf(line)
    if (outbox === '') process.nextTick(flush)
    outbox += text
  }

  return { write, waiting: () => outbox.length + socket.writableLength }
}

/** JSON has no `undefined`: what is absent stays away. */
function textOf({ number, value, error }: Line): string {
  if (error !== undefined) return `[${number},null,${JSON.stringify(error)}]\n`
  const text: string | undefined = JSON.stringify(value)
  return text === undefined ? `[${number}]\n` : `[${number},${text}]\n`
}

/** @returns takes what was read, however it is cut; throws when a line is none of ours */
function createReader(hear: (line: Line) => void): (chunk: Buffer) => void {
  const decoder = new StringDecoder('utf8')
  let rest = ''
  return (chunk) => {
    const lines = decoder.write(chunk).split('\n')
    lines[0] = rest + lines[0]
    rest = lines.pop() ?? ''
    for (const line of lines) hear(parse(line))
  }
}

function parse(line: string): Line {
  const parts: unknown = JSON.parse(line)
  if (Array.isArray(parts) && parts.length <= 3) {
    const [number, value, error]: unknown[] = parts
    if (typeof number === 'number' && error === undefined) return { number, value }
    if (typeof number === 'number' && typeof error === 'string') return { number, error }
  }
  throw new Error('expected a line of [number, value?, error?], got something else')
}
