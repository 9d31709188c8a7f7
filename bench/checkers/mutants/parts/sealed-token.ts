import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { CaptchaStore } from '../../../../src/strategy.js'
import { alive, type Captcha, toCaptcha } from './captcha.js'
import type { SpentList } from './spent-list.js'

const algorithm = 'aes-256-gcm'
const nonceBytes = 12
const tagBytes = 16

/**
 * A captcha as its own id: base64url of nonce, tag and ciphertext. Encrypted, because a signed one shows its answer.
 * @param key 32 bytes
 */
function seal(key: Uint8Array, captcha: Captcha): string {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv(algorithm, key, nonce)
  const text = Buffer.concat([cipher.update(JSON.stringify(captcha)), cipher.final()])
  return Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64url')
}

/** @returns `undefined` for what was not sealed with this key, and for any other spelling of what was */
function unseal(key: Uint8Array, token: string): Captcha | undefined {
  const bytes = Buffer.from(token, 'base64url')
  // Bits that decoding drops would make one token many ids, each to be used once.
  if (bytes.length <= nonceBytes + tagBytes || bytes.toString('base64url') !== token) return undefined
  const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, nonceBytes))
  decipher.setAuthTag(bytes.subarray(nonceBytes, nonceBytes + tagBytes))
  const text = decipher.update(bytes.subarray(nonceBytes + tagBytes))
  try {
    return toCaptcha(JSON.parse(Buffer.concat([text, decipher.final()]).toString()), 'token')
  } catch {
    return undefined
  }
}

/** The store over such tokens; as sound as its list of the spent ones. */
export function tokenStore(key: Uint8Array, list: SpentList): CaptchaStore {
  return {
    issue: (answer, ttlMs) => seal(key, { answer, expiresAt: Date.now() + ttlMs }),
    async read(id) {
      const answer = alive(unseal(key, id))
      return answer === undefined || (await list.isSpent(id)) ? undefined : answer
    },
    async take(id) {
      const captcha = unseal(key, id)
      return captcha !== undefined && (await list.spend(id, captcha.expiresAt)) ? captcha.answer : undefined
    },
    close: list.close,
  }
}
