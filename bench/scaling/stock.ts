import type { Socket } from 'node:net'
import { inTurn } from '../load/address.js'
import type { Captcha } from '../load/exchange.js'
import { exchange, issuedIn, openLine, toText } from '../load/raw.js'
import type { Random } from '../statistics.js'
import type { Server } from '../topology.js'

/** The live captchas of one server, as the harness knows them; changed here without being measured. */
export interface Stock extends Disposable {
  /** Issued and not yet taken. */
  readonly size: number
  /**
   * Issues captchas until there are so many.
   * @returns why there are not
   * @throws Error when a connection is lost
   */
  fill(goal: Goal): Promise<string | undefined>
  /** Takes some or issues some, until there are so many. @throws Error when a connection is lost */
  bringTo(size: number): Promise<void>
  /** So many of them, or all, chosen at random; they stay. */
  choose(count: number, random: Random): readonly Captcha[]
  add(captchas: readonly Captcha[]): void
  /** Forgets what has been taken. */
  forget(captchas: readonly Captcha[]): void
  /** Takes captchas that were refused elsewhere at the worker that issued them. @throws Error when a connection is lost */
  discard(captchas: readonly Captcha[]): Promise<void>
}

export interface Goal {
  readonly size: number
  /** It is given up when it would take longer; ms. */
  readonly limitMs: number
  readonly signal: AbortSignal
}

/** Issues a socket sends at once: more while they take less than the shorter time, fewer when they take the longer. */
const batch = { first: 16, most: 1_024, shortMs: 500, longMs: 1_500 } as const

/** Takes a socket sends at once. */
const discardBatch = 64

/** From when on the time that filling takes is foreseen, ms. */
const foreseenAfterMs = 1_000

/** @param count of connections: enough of them that each worker is reached */
export async function openStock({ addresses }: Pick<Server, 'addresses'>, count: number): Promise<Stock> {
  const lines = await Promise.all(
    Array.from({ length: count }, (_, index) => openLine(inTurn(addresses, index))),
  )
  const live = new Set<Captcha>()

  async function issue(perLine: number): Promise<number> {
    const before = live.size
    await Promise.all(
      lines.map(async ({ socket, worker }) => {
        const requests = Array.from({ length: perLine }, () => toText.write({ id: '', answer: '' }))
        // Of no connection that will take it: it may be handed to any.
        for (const issued of issuedIn(await exchange(socket, requests)))
          live.add({ ...issued, issuer: worker, connection: -1, issuedAtMs: performance.now() })
      }),
    )
    return live.size - before
  }

  async function fill({ size, limitMs, signal }: Goal): Promise<string | undefined> {
    const startedMs = performance.now()
    const before = live.size
    let perLine: number = batch.first
    while (live.size < size) {
      if (signal.aborted) return 'the run was ended'
      const batchMs = performance.now()
      const issued = await issue(Math.min(perLine, Math.ceil((size - live.size) / count)))
      if (issued === 0) return 'the server issued none'
      const nowMs = performance.now()
      perLine = nextBatch(perLine, nowMs - batchMs)
      const spentMs = nowMs - startedMs
      const wholeMs = (spentMs / (live.size - before)) * (size - before)
      if (spentMs > foreseenAfterMs && wholeMs > limitMs)
        return `it would take ${Math.round(wholeMs / 1_000)} s to issue so many`
    }
    return undefined
  }

  async function discard(captchas: readonly Captcha[]): Promise<void> {
    const byWorker = new Map(lines.map(({ worker, socket }) => [worker, socket]))
    await Promise.all(
      [...byWorker].map(([worker, socket]) => {
        const own = captchas.filter(({ issuer }) => issuer === worker)
        return takeAll(socket, own)
      }),
    )
    forget(captchas)
  }

  function forget(captchas: readonly Captcha[]): void {
    for (const captcha of captchas) live.delete(captcha)
  }

  function choose(wanted: number, random: Random): readonly Captcha[] {
    const all = [...live]
    const chosen = new Set<number>()
    while (chosen.size < Math.min(wanted, all.length)) chosen.add(Math.floor(random() * all.length))
    return [...chosen].flatMap((index) => all[index] ?? [])
  }

  return {
    get size() {
      return live.size
    },
    fill,
    async bringTo(size) {
      if (live.size > size) await discard([...live].slice(0, live.size - size))
      while (live.size < size) {
        const issued = await issue(Math.ceil((size - live.size) / count))
        if (issued === 0) throw new Error('the server issued no captcha')
      }
    },
    choose,
    add(captchas) {
      for (const captcha of captchas) live.add(captcha)
    },
    forget,
    discard,
    [Symbol.dispose]() {
      for (const { socket } of lines) socket.destroy()
    },
  }
}

function nextBatch(size: number, tookMs: number): number {
  if (tookMs < batch.shortMs) return Math.min(batch.most, size * 2)
  return tookMs > batch.longMs ? Math.max(1, Math.floor(size / 2)) : size
}

async function takeAll(socket: Socket, captchas: readonly Captcha[]): Promise<void> {
  for (let start = 0; start < captchas.length; start += discardBatch)
    await exchange(socket, captchas.slice(start, start + discardBatch).map(toText.take))
}
