import { connect, type Socket } from 'node:net'
import type { Completion } from '../history.js'
import type { Recorder } from '../history-file.js'
import { messageOf } from '../message-of.js'
import type { Address } from './address.js'
import { createAnswerReader, type HttpAnswer } from './http-answer.js'
import { healthText } from './raw.js'
import { type Request, readAnswer, type Told, toText } from './recorded-exchange.js'

/** Begins the reason of a request that was given up. */
export const noAnswer = 'no answer within'

/** A connection that keeps a record of everything it asks; one request at a time. */
export interface Connection {
  readonly client: number
  /** Who answered its first request: the cluster hands out connections, not requests. */
  readonly worker: number
  isOpen(): boolean
  /** Sends a request and resolves with its completion; never rejects. */
  run(request: Request): Promise<Completion>
  /** Sends all of a request but its last byte; resolves when that has been handed to the system. */
  hold(request: Request): Promise<void>
  /** Sends the last byte: the moment of the invocation. */
  release(race: number): Promise<Completion>
  close(): void
}

export interface ConnectionOptions {
  readonly address: Address
  readonly recorder: Recorder
  readonly client: number
  /** A request that takes longer is given up, and its connection with it: a late answer must not be taken for the next. */
  readonly limitMs: number
  /** The longest it may take to learn who answers, ms: it may have been handed to a worker that stands still. */
  readonly greetingLimitMs: number
  /** Told once, when it can be used no more. */
  onClosed(connection: Connection): void
  /** Told each answer as it came, before its op completes: what a history has no room for. */
  onAnswer?(op: number, answer: HttpAnswer): void
}

interface Asked {
  readonly op: number
  readonly request: Request
  readonly limit: NodeJS.Timeout
  readonly settle: (completion: Completion) => void
}

/**
 * Connects and asks `/health` who answers.
 * @throws Error when nobody does within the limit
 */
export async function openConnection(options: ConnectionOptions): Promise<Connection> {
  const { hostname, port } = new URL(options.address.endpoint)
  const socket = connect({ host: hostname, port: Number(port), noDelay: true })
  try {
    const greeting = await greet(socket, options.greetingLimitMs)
    const worker = options.address.first + Number(greeting.headers.get('x-worker') ?? Number.NaN)
    if (!Number.isSafeInteger(worker)) throw new Error('expected x-worker in every answer, got none')
    return record(socket, worker, options)
  } catch (error) {
    socket.destroy()
    throw error
  }
}

function greet(socket: Socket, limitMs: number): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const reader = createAnswerReader()
    const late = () => reject(new Error(`expected an answer within ${limitMs} ms, got none`))
    const limit = setTimeout(late, limitMs).unref()
    const lost = () => reject(new Error('expected an answer, got a closed connection'))
    socket.on('error', reject)
    socket.once('close', lost)
    socket.on('data', function collect(chunk: Buffer) {
      try {
        const [answer] = reader(chunk)
        if (answer === undefined) return
        clearTimeout(limit)
        socket.off('data', collect)
        socket.off('close', lost)
        resolve(answer)
      } catch (error) {
        reject(error)
      }
    })
    socket.write(healthText)
  })
}

function record(socket: Socket, worker: number, options: ConnectionOptions): Connection {
  const { recorder, client, limitMs, onClosed, address } = options
  const reader = createAnswerReader()
  let asked: Asked | undefined
  let held: Request | undefined
  let closed: string | undefined

  function begin(request: Request, race?: number): Promise<Completion> {
    const { verb, ...named } = request
    const raced = race === undefined ? undefined : { race }
    const op = recorder.invoke({ atMs: recorder.nowMs(), client, worker, verb, ...named, ...raced })
    return new Promise((settle) => {
      const limit = setTimeout(() => close(`${noAnswer} ${limitMs} ms`), limitMs)
      asked = { op, request, limit, settle }
      // Nothing has been sent of it, or too little: the server cannot have done it.
      if (closed !== undefined) end({ kind: 'fail', result: 'none', reason: `not sent: ${closed}` })
    })
  }

  function end(told: Told): void {
    if (asked === undefined) return
    const { op, limit, settle } = asked
    asked = undefined
    clearTimeout(limit)
    const { kind, ...rest } = told
    const completion: Completion = { kind, op, atMs: recorder.nowMs(), ...rest }
    recorder.complete(completion)
    settle(completion)
  }

  function receive(chunk: Buffer): void {
    try {
      for (const answer of reader(chunk)) {
        if (asked === undefined) close('an answer nobody had asked for')
        else {
          options.onAnswer?.(asked.op, answer)
          end(readAnswer(asked.request, answer, address.first))
        }
      }
    } catch (error) {
      close(messageOf(error))
    }
  }

  function close(reason: string): void {
    if (closed !== undefined) return
    closed = reason
    socket.destroy()
    end({ kind: 'info', result: 'none', reason })
    onClosed(connection)
  }

  const connection: Connection = {
    client,
    worker,
    isOpen: () => closed === undefined,
    run(request) {
      const completion = begin(request)
      if (closed === undefined) socket.write(toText(request))
      return completion
    },
    hold(request) {
      held = request
      return new Promise((resolve) => {
        if (closed !== undefined) resolve()
        else socket.write(toText(request).slice(0, -1), () => resolve())
      })
    },
    release(race) {
      if (held === undefined) throw new Error('release: expected a request that is held, got none')
      const request = held
      held = undefined
      const completion = begin(request, race)
      if (closed === undefined) socket.write(toText(request).slice(-1))
      return completion
    },
    close: () => close('closed by the client'),
  }
  socket.removeAllListeners('error')
  socket.on('error', (error) => close('code' in error ? String(error.code) : error.message))
  socket.on('close', () => close('the server closed the connection'))
  socket.on('data', receive)
  return connection
}
