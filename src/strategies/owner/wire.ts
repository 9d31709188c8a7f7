import { deriveKey } from '../../derive-key.js'
import { longestAnswer } from '../shared-memory/slots.js'

/** What workers and the owners of other hosts' captchas say to each other: lines, answered in the order they come. */

export type Verb = 'read' | 'take'

/** An owner that has not answered by then is not waited for any longer, ms: the app answers 503. */
export const limitMs = 2_000

/**
 * TLS with a pre-shared key, and nothing but that: both ends prove that they hold the secret, the identity says which owner is
 * meant, and nobody in between can answer, ask or listen. Of version 1.2, whose key exchanges Node can restrict to this one.
 */
export const tlsOptions = {
  minVersion: 'TLSv1.2',
  maxVersion: 'TLSv1.2',
  ciphers: 'PSK-AES128-GCM-SHA256',
} as const

/** The key of both ends. */
export function wireKey(secret: Uint8Array): Buffer {
  return deriveKey(secret, 'owner wire 1')
}

const requestShape = /^[rt][A-Za-z0-9_-]{32}$/

/** The longest lines, without their ends: UTF-16 code units, of which JSON makes six characters at most. */
export const longest = { request: 33, reply: longestAnswer * 6 + 2 } as const

/** @param slotId 32 base64url characters */
export function requestOf(verb: Verb, slotId: string): string {
  return `${verb === 'take' ? 't' : 'r'}${slotId}\n`
}

/** @throws when the line is no request */
export function parseRequest(line: string): { readonly verb: Verb; readonly slotId: string } {
  if (!requestShape.test(line)) throw new Error('expected r or t and the id of a slot')
  return { verb: line.startsWith('t') ? 'take' : 'read', slotId: line.slice(1) }
}

const unknown = '-'

/** JSON, because an answer may be any text: line ends, and halves of a surrogate pair. In ASCII, which can be cut anywhere. */
export function replyOf(answer: string | undefined): string {
  return `${answer === undefined ? unknown : JSON.stringify(answer).replace(beyondAscii, escaped)}\n`
}

const beyondAscii = /[^\0-\x7f]/g

function escaped(unit: string): string {
  return `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** @throws when the line is no reply */
export function parseReply(line: string): string | undefined {
  if (line === unknown) return undefined
  const answer: unknown = JSON.parse(line)
  if (typeof answer === 'string') return answer
  throw new Error(`expected a text, got ${typeof answer}`)
}

/** @returns a function that is told what comes, and gives what lines are whole; it throws at one that is longer than `most` */
export function createLineReader(most: number): (text: string) => readonly string[] {
  let rest = ''
  return (text) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > most || lines.some(({ length }) => length > most))
      throw new Error(`expected lines of at most ${most} characters`)
    return lines
  }
}
