import { demand } from './demand.js'

/** Uniform on [0, 1) in steps of 2⁻³². */
export type Random = () => number

/**
 * sfc32 (Chris Doty-Humphrey, PractRand), its state filled by splitmix32 and stirred twelve times.
 * The same seed gives the same numbers on every machine: only 32-bit integer arithmetic is used.
 * Seeds that are equal modulo 2³² are the same seed.
 * @throws RangeError when the seed is not a safe integer.
 */
export function seededRandom(seed: number): Random {
  demand(Number.isSafeInteger(seed), 'seed: expected an integer', seed)
  const next = splitmix32(seed)
  const random = sfc32(next(), next(), next())
  for (let i = 0; i < 12; i++) random()
  return random
}

/** Fisher–Yates (Durstenfeld 1964): every order equally likely; the input is left alone. */
export function shuffle<T>(items: readonly T[], random: Random): T[] {
  const rest = [...items]
  // Picking by splice is O(n²) but needs no swap of possibly undefined cells; a block has tens of items.
  return items.flatMap(() => rest.splice(Math.floor(random() * rest.length), 1))
}

function splitmix32(seed: number): () => number {
  let state = seed | 0
  return () => {
    state = (state + 0x9e3779b9) | 0
    let z = state ^ (state >>> 16)
    z = Math.imul(z, 0x21f0aaad)
    z ^= z >>> 15
    z = Math.imul(z, 0x735a2d97)
    return z ^ (z >>> 15)
  }
}

function sfc32(seedA: number, seedB: number, seedC: number): Random {
  let [a, b, c, counter] = [seedA, seedB, seedC, 1]
  return () => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return (sum >>> 0) / 2 ** 32
  }
}
