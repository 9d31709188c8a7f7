import { createCipheriv, createDecipheriv } from 'node:crypto'
import { deriveKey } from '../derive-key.js'
import { drawBytes } from '../draw-bytes.js'
import { idPattern, type Strategy } from '../strategy.js'

const algorithm = 'aes-256-gcm'
const ivBytes = 12
const expiryBytes = 6
const tagBytes = 16

/** What a token says once it is opened. */
export interface Opened {
  readonly answer: string
  /** Milliseconds since 1970; the token is good before it. */
  readonly expiresAt: number
}

/** Makes captchas into ids that hold them, and back. */
export interface Sealer {
  /**
   * @param ttlMs how long the token is good, in milliseconds from now
   * @returns an id: base64url of iv (12 bytes), ciphertext of expiry (6) and answer, tag (16)
   * @throws when the answer is too long for an id of 512 characters
   */
  seal(answer: string, ttlMs: number): string
  /** @returns what was sealed, or `undefined`: not sealed under this secret, altered, spelt differently, or expired */
  open(id: string): Opened | undefined
}

/**
 * The key is derived from the secret under a name of its own, so that whatever else is made from the same secret one day
 * can neither open tokens nor pass for one. Ivs are random: workers cannot count together. Below 2³² tokens a secret (50
 * days at 1 000 a second) the chance that an iv comes twice stays under 2⁻³², NIST SP 800-38D's limit; renew the secret by then.
 */
export function createSealer(secret: Uint8Array): Sealer {
  const key = deriveKey(secret, 'token 1')

  /** Other text with the same bytes (spare bits of the last character, another alphabet) would be a second id of one token. */
  function decode(id: string): Buffer | undefined {
    const bytes = Buffer.from(id, 'base64url')
    const isWhole = bytes.length >= ivBytes + expiryBytes + tagBytes
    return isWhole && bytes.toString('base64url') === id ? bytes : undefined
  }

  return {
    seal(answer, ttlMs) {
      const iv = drawBytes(ivBytes)
      const plain = Buffer.allocUnsafe(expiryBytes + Buffer.byteLength(answer))
      plain.writeUIntBE(Math.floor(Date.now() + ttlMs), 0, expiryBytes)
      plain.write(answer, expiryBytes)
      const cipher = createCipheriv(algorithm, key, iv, { authTagLength: tagBytes })
      const sealed = [iv, cipher.update(plain), cipher.final()]
      const id = Buffer.concat([...sealed, cipher.getAuthTag()]).toString('base64url')
      if (idPattern.test(id)) return id
      throw new RangeError(`expected an answer that fits into an id of 512 characters, got ${id.length}`)
    },
    open(id) {
      const bytes = decode(id)
      const plain = bytes && decrypt(key, bytes)
      if (plain === undefined) return undefined
      const expiresAt = plain.readUIntBE(0, expiryBytes)
      if (expiresAt <= Date.now()) return undefined
      return { answer: plain.toString('utf8', expiryBytes), expiresAt }
    },
  }
}

/**
 * The first 16 characters: exactly the iv. It names its token in a used-set: no two tokens of a secret share an iv, nobody
 * without the key can make another that opens, and `open` lets through one spelling only.
 */
export function tokenName(id: string): string {
  return id.slice(0, 16)
}

function decrypt(key: Buffer, bytes: Buffer): Buffer | undefined {
  const iv = bytes.subarray(0, ivBytes)
  const decipher = createDecipheriv(algorithm, key, iv, { authTagLength: tagBytes })
  decipher.setAuthTag(bytes.subarray(-tagBytes))
  const plain = decipher.update(bytes.subarray(ivBytes, -tagBytes))
  try {
    decipher.final()
  } catch {
    return undefined
  }
  return plain
}

/** Nothing is kept anywhere: the id is the captcha, encrypted, because one that is only signed shows its answer. */
const token: Strategy = {
  name: 'token',
  summary: 'Nothing stored: the id is the captcha itself, encrypted with AES-256-GCM.',
  claims: { scope: 'fleet', singleUse: false, survives: 'restart' },
  exhibit: 'Nobody remembers that a token was used: it is accepted again and again until it expires.',
  open({ secret }) {
    const { seal, open } = createSealer(secret)
    const answerOf = (id: string) => open(id)?.answer
    return { issue: seal, read: answerOf, take: answerOf, close() {} }
  },
}

export default token
