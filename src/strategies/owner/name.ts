import { createHmac, timingSafeEqual } from 'node:crypto'
import { deriveKey } from '../../derive-key.js'
import { drawBytes } from '../../draw-bytes.js'

const macBytes = 16
const lifeBytes = 11

/** Names of owners, as they stand in ids. */
export interface Namer {
  /**
   * A name for the server that listens at `place` now: never the same twice.
   * @param place address, colon, port
   */
  nameAt(place: string): string
  /** @returns the place in a name that was made under this secret; `undefined` for any other text */
  placeIn(name: string): string | undefined
}

/**
 * A name is base64url of a MAC (16 bytes), a random number (11) and the place. The MAC, because an id comes from outside and
 * says where to connect to: nobody else may name a place. The number, because a place outlives who listens there: a server that
 * starts again owns none of the captchas of its former life.
 */
export function createNamer(secret: Uint8Array): Namer {
  const key = deriveKey(secret, 'owner name 1')
  const macOf = (named: Uint8Array) => createHmac('sha256', key).update(named).digest().subarray(0, macBytes)

  return {
    nameAt(place) {
      const named = Buffer.concat([drawBytes(lifeBytes), Buffer.from(place)])
      return Buffer.concat([macOf(named), named]).toString('base64url')
    },
    placeIn(name) {
      const bytes = Buffer.from(name, 'base64url')
      // Other text with the same bytes would be a second name of one owner.
      if (bytes.length <= macBytes + lifeBytes || bytes.toString('base64url') !== name) return undefined
      const named = bytes.subarray(macBytes)
      const isOurs = timingSafeEqual(bytes.subarray(0, macBytes), macOf(named))
      return isOurs ? named.toString('utf8', lifeBytes) : undefined
    },
  }
}
