import type { Completion, Outcome, Result, Verb } from '../history.js'
import type { HttpAnswer } from './http-answer.js'

export type Request =
  | { readonly verb: 'issue' }
  | { readonly verb: 'read'; readonly id: string }
  | { readonly verb: 'take'; readonly id: string; readonly answer: string }

/** What a completion says beside its number and its time. */
export type Told = Omit<Completion, 'op' | 'atMs'>

/** Its last byte belongs to the request: a server that has not seen it has not been asked. */
export function toText(request: Request): string {
  if (request.verb === 'issue')
    return 'POST /captcha HTTP/1.1\r\nhost: localhost\r\ncontent-length: 0\r\n\r\n'
  if (request.verb === 'read') return `GET /captcha/${request.id}/image HTTP/1.1\r\nhost: localhost\r\n\r\n`
  const body = JSON.stringify({ answer: request.answer })
  const head = `POST /captcha/${request.id}/verify HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json`
  return `${head}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}

interface Meaning {
  readonly kind: Outcome
  readonly result: Result
  /** Has to stand in the body. */
  readonly body?: string
}

/** A failed read has changed nothing; a failed issue or take may have happened before it failed. */
const meanings: Readonly<Record<Verb, Readonly<Record<number, Meaning>>>> = {
  issue: {
    201: { kind: 'ok', result: 'issued' },
    503: { kind: 'info', result: 'unavailable' },
  },
  read: {
    200: { kind: 'ok', result: 'found', body: '<svg' },
    400: { kind: 'fail', result: 'refused' },
    404: { kind: 'ok', result: 'unknown' },
    503: { kind: 'fail', result: 'unavailable' },
  },
  take: {
    200: { kind: 'ok', result: 'accepted', body: '"accepted"' },
    400: { kind: 'fail', result: 'refused' },
    403: { kind: 'ok', result: 'wrong', body: '"wrong"' },
    404: { kind: 'ok', result: 'unknown', body: '"unknown"' },
    503: { kind: 'info', result: 'unavailable' },
  },
}

/**
 * What an answer means as an answer to this request. Pure.
 * @param first added to the number the worker says it has: each host counts from 0
 */
export function readAnswer(request: Request, answer: HttpAnswer, first = 0): Told {
  const { headers } = answer
  const worker = first + Number(headers.get('x-worker') ?? Number.NaN)
  const instance = headers.get('x-instance')
  const signed = {
    ...(Number.isSafeInteger(worker) && { worker }),
    ...(instance !== undefined && { instance }),
  }
  const meaning = meanings[request.verb][answer.status]
  if (meaning === undefined) return unexpected(signed, `status ${answer.status}`)
  const mistake = mistakeIn(request, answer, meaning)
  if (mistake !== undefined) return unexpected(signed, mistake)
  const { kind, result } = meaning
  return { kind, result, ...signed, ...(result === 'issued' && issuedIn(headers)) }
}

function unexpected(signed: Pick<Told, 'worker' | 'instance'>, reason: string): Told {
  return { kind: 'info', result: 'unexpected', ...signed, reason }
}

function mistakeIn(request: Request, { headers, body }: HttpAnswer, meaning: Meaning): string | undefined {
  const id = headers.get('x-captcha-id')
  if (meaning.result === 'issued') {
    const isWhole = id !== undefined && headers.has('x-captcha-answer') && body.includes(`"${id}"`)
    return isWhole ? undefined : 'an issue without its id and answer'
  }
  // A request that was refused never reached the part of the server that names its captcha.
  const isNamed = request.verb !== 'issue' && meaning.result !== 'refused'
  if (isNamed && id !== request.id)
    return `an answer about ${id === undefined ? 'nothing' : 'another captcha'}`
  if (meaning.body !== undefined && !body.includes(meaning.body))
    return `the body does not say ${meaning.result}`
  return undefined
}

function issuedIn(headers: HttpAnswer['headers']): Pick<Told, 'id' | 'answer'> {
  return { id: headers.get('x-captcha-id') ?? '', answer: headers.get('x-captcha-answer') ?? '' }
}
