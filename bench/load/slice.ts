import autocannon from 'autocannon'
import type { Operation } from '../slices.js'

/** A captcha some worker has issued, on its way from the connection that asked for it to the one that will verify it. */
export interface Captcha {
  readonly id: string
  readonly answer: string
  readonly issuer: number
  /** ms on the harness's monotonic clock */
  readonly issuedAtMs: number
}

export interface Target {
  readonly endpoint: string
  readonly instance: string
}

export interface SliceOptions {
  readonly operation: Operation
  readonly connections: number
  /** What to send: a number of writes, or the captchas to read or take, in the order of the hand-off. */
  readonly work: number | readonly Captcha[]
  /** The slice is cut off after this time. */
  readonly limitMs: number
}

/** One answered request. */
export interface Answer {
  readonly connection: number
  readonly worker: number
  readonly status: number
  /** ms on the harness's monotonic clock */
  readonly endMs: number
  readonly clientUs: number
  /** From `Server-Timing`; `undefined` when the header is not there. */
  readonly storeUs: number | undefined
  /** What was read or taken, or what a write brought. */
  readonly captcha: Captcha | undefined
}

export interface SliceRun {
  readonly answers: readonly Answer[]
  /** From the moment every connection was warm to the moment one found the queue empty; ms. */
  readonly window: readonly [startMs: number, endMs: number]
  readonly errors: number
  readonly timeouts: number
  readonly cut: boolean
  /** Why nothing in it can be believed: an answer from elsewhere, or about another captcha. */
  readonly mistaken?: string
}

interface Headers {
  readonly worker: number
  readonly instance: string
  readonly id: string | undefined
  readonly answer: string | undefined
  readonly storeUs: number | undefined
}

/**
 * One short burst of one operation. Each connection first asks `/health`, untimed: that warms it and tells which worker it
 * reached; cluster mode hands out connections, not requests, so it stays with that worker. Then all connections draw from
 * one queue until it is empty, so that none idles while another still has work.
 *
 * Every answer must come from the instance that was asked and be about the captcha that was named: after a lost connection
 * autocannon attributes answers to the wrong requests, and reports no error.
 */
export function runSlice(
  target: Target,
  { operation, connections, work, limitMs }: SliceOptions,
): Promise<SliceRun> {
  const total = typeof work === 'number' ? work : work.length
  if (total < connections)
    throw new RangeError(`expected at least ${connections} requests, one a connection, got ${total}`)
  const answers: Answer[] = []
  let drawn = 0
  let warm = 0
  let opened = 0
  let mistaken: string | undefined
  let startMs = Number.NaN
  let endMs = Number.NaN

  function draw(): Captcha | undefined {
    drawn += 1
    return typeof work === 'number' ? undefined : work[drawn - 1]
  }

  function greet(nowMs: number): void {
    warm += 1
    if (warm === connections) startMs = nowMs
  }

  function mistakeIn(
    headers: Headers | undefined,
    asked: Captcha | 'health' | undefined,
  ): string | undefined {
    if (headers?.instance !== target.instance) return `an answer came from instance ${headers?.instance}`
    if (typeof asked === 'object' && headers.id !== asked.id) return 'an answer was about another captcha'
    return undefined
  }

  function attach(client: ClosableClient): void {
    const connection = opened
    let greeted = false
    let asked: Captcha | 'health' | undefined
    let headers: Headers | undefined
    opened += 1
    client.setRequests([
      {
        setupRequest(request) {
          asked = greeted ? draw() : 'health'
          greeted = true
          return { ...request, ...requestFor(operation, asked) }
        },
      },
    ])
    client.on('headers', (raw: unknown) => {
      headers = parseHeaders(raw)
    })
    client.on('response', (status, _bytes, durationMs) => {
      const nowMs = performance.now()
      mistaken ??= mistakeIn(headers, asked)
      if (asked === 'health') greet(nowMs)
      else if (headers)
        answers.push(
          toAnswer({ headers, connection, status, endMs: nowMs, clientUs: durationMs * 1_000, asked }),
        )
      if (drawn < total) return
      if (Number.isNaN(endMs)) endMs = nowMs
      client.destroy()
    })
  }

  return new Promise((resolve, reject) => {
    autocannon(
      {
        url: target.endpoint,
        connections,
        duration: limitMs / 1_000,
        setupClient: attach as (client: autocannon.Client) => void,
        bailout: 1,
        timeout: limitMs / 1_000,
        // It ends a run at a sampling tick only: at the default of 1 000 ms a slice of 50 ms would take a second.
        sampleInt: 5,
        ...{ skipAggregateResult: true },
      },
      (error: unknown, { errors, timeouts }) => {
        if (error) return reject(error)
        const cut = Number.isNaN(endMs)
        const window = [startMs, cut ? performance.now() : endMs] as const
        resolve({
          answers,
          window,
          errors: errors - timeouts,
          timeouts,
          cut,
          ...(mistaken !== undefined && { mistaken }),
        })
      },
    )
  })
}

/** Its types leave out that a client can be ended by itself. */
type ClosableClient = autocannon.Client & { destroy(): void }

function requestFor(operation: Operation, asked: Captcha | 'health' | undefined): autocannon.Request {
  if (asked === 'health') return { method: 'GET', path: '/health' }
  if (operation === 'write' || asked === undefined) return { method: 'POST', path: '/captcha' }
  if (operation === 'read') return { method: 'GET', path: `/captcha/${asked.id}/image` }
  return {
    method: 'POST',
    path: `/captcha/${asked.id}/verify`,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ answer: asked.answer }),
  }
}

interface Received {
  readonly headers: Headers
  readonly connection: number
  readonly status: number
  readonly endMs: number
  readonly clientUs: number
  readonly asked: Captcha | undefined
}

function toAnswer({ headers, asked, ...rest }: Received): Answer {
  const { worker, storeUs, id, answer } = headers
  const issued =
    asked === undefined && id !== undefined && answer !== undefined
      ? { id, answer, issuer: worker, issuedAtMs: rest.endMs }
      : undefined
  return { ...rest, worker, storeUs, captcha: asked ?? issued }
}

/** autocannon hands on its parser's own object: `headers` is a flat list of names and values. */
function parseHeaders(raw: unknown): Headers {
  const list: unknown = typeof raw === 'object' && raw !== null && 'headers' in raw ? raw.headers : undefined
  const found = new Map<string, string>()
  if (Array.isArray(list)) {
    for (let index = 0; index + 1 < list.length; index += 2)
      found.set(String(list[index]).toLowerCase(), String(list[index + 1]))
  }
  const storeMs = /\bstore;dur=([\d.]+)/.exec(found.get('server-timing') ?? '')?.[1]
  return {
    worker: Number(found.get('x-worker') ?? Number.NaN),
    instance: found.get('x-instance') ?? '(none)',
    id: found.get('x-captcha-id'),
    answer: found.get('x-captcha-answer'),
    storeUs: storeMs === undefined ? undefined : Number(storeMs) * 1_000,
  }
}
