import { randomFillSync } from 'node:crypto'

/** As many as 170 ids need: a call for 4 096 bytes costs hardly more than one for 18. */
const pool = Buffer.alloc(4_096)
let drawn = pool.length

/**
 * Draws bytes from the system's random source, of which it asks for many at a time; none is handed out twice, or kept.
 * @param count at most 4 096
 */
export function drawBytes(count: number): Buffer {
  if (drawn + count > pool.length) {
    randomFillSync(pool)
    drawn = 0
  }
  const bytes = Buffer.from(pool.subarray(drawn, drawn + count))
  pool.fill(0, drawn, drawn + count)
  drawn += count
  return bytes
}
