import type { Operation } from '../slices.js'
import type { Address } from './address.js'
import { toText } from './raw.js'

/** A captcha some worker has issued, on its way from the connection that asked for it to the one that will verify it. */
export interface Captcha {
  readonly id: string
  readonly answer: string
  readonly issuer: number
  /** The one it was issued on: somebody else verifies it. */
  readonly connection: number
  /** ms on the harness's monotonic clock */
  readonly issuedAtMs: number
}

/** Removes the next captcha that another connection asked for; one's own only when nothing else is left. */
export function handOff<T extends Pick<Captcha, 'connection'>>(left: T[], connection: number): T | undefined {
  const index = left.findIndex((captcha) => captcha.connection !== connection)
  return left.splice(Math.max(0, index), 1)[0]
}

/** One answered request. */
export interface Answer {
  readonly connection: number
  readonly worker: number
  readonly status: number
  /** ms on the harness's monotonic clock */
  readonly endMs: number
  /** From the moment it was sent. */
  readonly clientUs: number
  /** From the moment it was due, where requests have one. */
  readonly sinceDueUs?: number | undefined
  /** From `Server-Timing`; `undefined` when the header is not there. */
  readonly storeUs: number | undefined
  /** What was read or taken, or what a write brought. */
  readonly captcha: Captcha | undefined
}

/** What the server's headers say of an answer in bench mode. */
export interface Headers {
  readonly worker: number
  readonly instance: string
  readonly id: string | undefined
  readonly answer: string | undefined
  readonly storeUs: number | undefined
}

const writeText = toText.write({ id: '', answer: '' })

export function textFor(operation: Operation, captcha: Captcha | undefined): string {
  return captcha === undefined ? writeText : toText[operation](captcha)
}

interface Received {
  readonly headers: Headers
  readonly connection: number
  readonly status: number
  readonly endMs: number
  readonly clientUs: number
  readonly sinceDueUs?: number | undefined
  readonly asked: Captcha | undefined
}

/** Every property by its name: `...rest` took 5 µs of processor time, what a whole answer takes to parse. */
export function toAnswer({
  headers,
  asked,
  connection,
  status,
  endMs,
  clientUs,
  sinceDueUs,
}: Received): Answer {
  const { worker, storeUs } = headers
  const captcha = asked ?? issuedBy(headers, connection, endMs)
  return { connection, worker, status, endMs, clientUs, sinceDueUs, storeUs, captcha }
}

function issuedBy({ id, answer, worker }: Headers, connection: number, endMs: number): Captcha | undefined {
  if (id === undefined || answer === undefined) return undefined
  return { id, answer, issuer: worker, connection, issuedAtMs: endMs }
}

/** autocannon hands on its parser's own object: `headers` is a flat list of names and values. */
export function parseHeaders(raw: unknown, { first }: Pick<Address, 'first'>): Headers {
  const flat: unknown = typeof raw === 'object' && raw !== null && 'headers' in raw ? raw.headers : undefined
  const list: readonly unknown[] = Array.isArray(flat) ? flat : []
  return {
    worker: first + Number(valueIn(list, 'x-worker') ?? Number.NaN),
    instance: valueIn(list, 'x-instance') ?? '(none)',
    id: valueIn(list, 'x-captcha-id'),
    answer: valueIn(list, 'x-captcha-answer'),
    storeUs: storeUsIn(valueIn(list, 'server-timing')),
  }
}

/** Half as expensive as a map of all headers. @param wanted in lower case */
function valueIn(list: readonly unknown[], wanted: string): string | undefined {
  for (let index = 0; index + 1 < list.length; index += 2) {
    const name = String(list[index])
    if (name.length === wanted.length && name.toLowerCase() === wanted) return String(list[index + 1])
  }
  return undefined
}

/** What the store took by a `Server-Timing` header, µs; `undefined` where it does not say. */
export function storeUsIn(serverTiming = ''): number | undefined {
  const storeMs = /\bstore;dur=([\d.]+)/.exec(serverTiming)?.[1]
  return storeMs === undefined ? undefined : Number(storeMs) * 1_000
}
