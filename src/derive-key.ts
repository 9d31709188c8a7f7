import { hkdfSync } from 'node:crypto'

/** @returns 32 bytes, another key for each use of one secret: none opens or passes for what was made under another's name */
export function deriveKey(secret: Uint8Array, use: string): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', `crossworker captcha ${use}`, 32))
}
