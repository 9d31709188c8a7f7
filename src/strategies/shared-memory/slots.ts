import { randomFillSync } from 'node:crypto'
import type { CaptchaStore } from '../../strategy.js'

/** Memory one slot takes, bytes: 16 in the table of heads, 240 in the table of bodies. */
export const slotBytes = 256

/** The longest answer a slot holds, in UTF-16 code units. */
export const longestAnswer = 108

/** A head: state, last generation, and the end of life as a double. */
const headWords = 4
const [lastGeneration, endDouble] = [1, 1]

/** A body: the random key, the answer's length, then the answer. */
const bodyWords = 60
const keyWords = 5
const lengthWord = keyWords
const textWord = lengthWord + 1

const free = 0
const mostGenerations = 0x7fffffff

/** base64url of 160 random bits and the slot's number: 24 bytes, so that no two texts mean the same id. */
const idShape = /^[A-Za-z0-9_-]{32}$/

export interface Worker {
  readonly workerId: number
  readonly workers: number
}

export interface Slots extends Pick<CaptchaStore, 'issue' | 'read' | 'take'> {
  issue(answer: string, ttlMs: number): string
  read(id: string): string | undefined
  take(id: string): string | undefined
  /** When the captcha ends that was the last to be issued or found through these slots, ms since 1970. */
  endMs(): number
  /**
   * Puts back a captcha that was issued into other memory of as many slots, before anybody else looks into this one.
   * @returns false, and does nothing, when its slot is not free
   * @throws when there is no such slot, or the answer is longer than any
   */
  restore(id: string, answer: string, endMs: number): boolean
}

/**
 * A fixed number of captchas in memory that workers share, each in a slot of its own.
 *
 * A slot's state is one word: 0 is free, `-1 - workerId` is being written by that worker, and a positive number is the
 * generation of the captcha that lives in it. Every change of it is one compare-and-swap.
 *
 * - *Issue*: free, or living past its end → mine; then head and body are written; then the next generation is published. The
 *   key is known to nobody before, and a slot that is being written is nobody else's, however long its writer stands still.
 * - *Take*: the key is compared and the answer copied first, then generation → free. The generation was there before and
 *   after, so nothing was written in between: the winner's copy is whole and its own. *Read* does the same, and puts the
 *   generation back in its own place; a plain second look would not hold earlier loads back on ARM.
 * - *A worker is killed*: before or after its swap, both are sound. What it was writing stays marked with its number, and
 *   whoever takes over that number frees it when it opens: it starts only after its predecessor has gone. No clock decides.
 * - *The same generation again* takes 2³¹ issues into one slot: hours, at the fastest, between two steps of one take.
 */
export function createSlots(memory: ArrayBufferLike, { workerId, workers }: Worker): Slots {
  const words = new Int32Array(memory)
  const doubles = new Float64Array(memory)
  const bytes = Buffer.from(memory)
  const count = Math.floor(memory.byteLength / slotBytes)
  const mine = -1 - workerId
  const draw = createKeySource()
  const idWords = new Int32Array(keyWords + 1)
  const idBytes = Buffer.from(idWords.buffer)
  // Workers begin apart from each other. Those that meet pass: each finds taken what the other has just claimed.
  let cursor = Math.floor((count * workerId) / workers)
  let lastEndMs = 0

  for (let at = 0; at < count * headWords; at += headWords)
    if (words[at] === mine) Atomics.store(words, at, free)

  function bodyOf(slot: number): number {
    return count * headWords + slot * bodyWords
  }

  function endOf(slot: number): number {
    return doubles[slot * 2 + endDouble] ?? 0
  }

  function isClaimable(slot: number, state: number, nowMs: number): boolean {
    return state === free || (state > free && endOf(slot) <= nowMs)
  }

  /** Looks without synchronising first: most slots of a full memory are passed over, and what is seen is looked at again. */
  function claim(slot: number, nowMs: number): boolean {
    const at = slot * headWords
    if (!isClaimable(slot, words[at] ?? mine, nowMs)) return false
    const state = Atomics.load(words, at)
    return isClaimable(slot, state, nowMs) && Atomics.compareExchange(words, at, state, mine) === state
  }

  /** A round of the cursor visits every slot once and leaves none of them free, so F issues cost no more than a round when F are free. */
  function claimNext(nowMs: number): number {
    for (let probes = 0; probes < count; probes += 1) {
      const slot = cursor
      cursor = slot + 1 === count ? 0 : slot + 1
      if (claim(slot, nowMs)) return slot
    }
    throw new Error(
      `expected a free slot, but all ${count} hold captchas that live: the shared memory is full`,
    )
  }

  /** The key in `idWords`, and the rest. @returns the generation that publishes it */
  function write(slot: number, answer: string, endMs: number): number {
    const body = bodyOf(slot)
    for (let word = 0; word < keyWords; word += 1) words[body + word] = idWords[word] ?? 0
    words[body + lengthWord] = answer.length
    bytes.write(answer, (body + textWord) * 4, 'utf16le')
    doubles[slot * 2 + endDouble] = endMs
    const head = slot * headWords
    const generation = ((words[head + lastGeneration] ?? 0) % mostGenerations) + 1
    words[head + lastGeneration] = generation
    return generation
  }

  /** @returns the slot's number, and leaves the key in `idWords`; -1 when the text is no id */
  function parse(id: string): number {
    if (!idShape.test(id)) return -1
    idBytes.write(id, 'base64url')
    const slot = idWords[keyWords] ?? -1
    return slot < count ? slot : -1
  }

  function holdsKey(body: number): boolean {
    let difference = 0
    for (let word = 0; word < keyWords; word += 1)
      difference |= (words[body + word] ?? 0) ^ (idWords[word] ?? 0)
    return difference === 0
  }

  function find(id: string, isTaken: boolean): string | undefined {
    const slot = parse(id)
    if (slot < 0) return undefined
    const at = slot * headWords
    const generation = Atomics.load(words, at)
    const body = bodyOf(slot)
    const endMs = endOf(slot)
    if (generation <= free || endMs <= Date.now() || !holdsKey(body)) return undefined
    const from = (body + textWord) * 4
    const answer = bytes.toString('utf16le', from, from + (words[body + lengthWord] ?? 0) * 2)
    const next = isTaken ? free : generation
    if (Atomics.compareExchange(words, at, generation, next) !== generation) return undefined
    lastEndMs = endMs
    return answer
  }

  return {
    issue(answer, ttlMs) {
      assertFits(answer)
      const nowMs = Date.now()
      const slot = claimNext(nowMs)
      for (let word = 0; word < keyWords; word += 1) idWords[word] = draw()
      lastEndMs = nowMs + ttlMs
      const generation = write(slot, answer, lastEndMs)
      idWords[keyWords] = slot
      Atomics.store(words, slot * headWords, generation)
      return idBytes.toString('base64url')
    },
    read: (id) => find(id, false),
    take: (id) => find(id, true),
    endMs: () => lastEndMs,
    restore(id, answer, endMs) {
      assertFits(answer)
      const slot = parse(id)
      if (slot < 0) throw new Error(`expected the id of one of ${count} slots, got ${JSON.stringify(id)}`)
      if (Atomics.load(words, slot * headWords) !== free) return false
      Atomics.store(words, slot * headWords, write(slot, answer, endMs))
      return true
    },
  }
}

function assertFits(answer: string): void {
  if (answer.length > longestAnswer)
    throw new Error(`expected an answer of at most ${longestAnswer} UTF-16 code units, got ${answer.length}`)
}

/** Random words, drawn from the system a few hundred keys at a time: the call costs more than an issue. */
function createKeySource(): () => number {
  const pool = new Int32Array(keyWords * 256)
  let next = pool.length
  return () => {
    if (next === pool.length) {
      randomFillSync(pool)
      next = 0
    }
    const word = pool[next] ?? 0
    pool[next] = 0
    next += 1
    return word
  }
}
