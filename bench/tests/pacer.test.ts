import { describe, expect, test } from 'vitest'
import { type Alarm, createEagerPacer, startEvenPacer } from '../load/pacer.js'

/** Time that passes only from event to event. Its alarm wakes a little early, as the real one does. */
interface FakeTime extends Alarm {
  at(ms: number, happens: () => void): void
  /** Lets all events happen, in order; no pacer may be woken before this time. */
  run(): void
  /** The process is held up, as by a garbage collection: what is due before this time happens at it. */
  heldUp(fromMs: number, untilMs: number): void
}

const earlyMs = 0.25

function fakeTime(startMs = 1_000): FakeTime {
  const events: { readonly ms: number; readonly happens: () => void }[] = []
  const holds: { readonly fromMs: number; readonly untilMs: number }[] = []
  let nowMs = startMs
  const released = (ms: number) =>
    holds.find(({ fromMs, untilMs }) => ms >= fromMs && ms < untilMs)?.untilMs ?? ms
  const at = (ms: number, happens: () => void) => {
    events.push({ ms: Math.max(ms, nowMs), happens })
  }
  return {
    at,
    now: () => nowMs,
    wakeAt: (ms, callback) => at(ms - nowMs > earlyMs ? ms - earlyMs : ms, callback),
    heldUp: (fromMs, untilMs) => holds.push({ fromMs: startMs + fromMs, untilMs: startMs + untilMs }),
    run() {
      while (events.length > 0) {
        events.sort((a, b) => a.ms - b.ms)
        const next = events.shift()
        nowMs = released(Math.max(nowMs, next?.ms ?? nowMs))
        next?.happens()
      }
    },
  }
}

interface Sent {
  readonly connection: number
  /** All in ms from the start. */
  readonly dueMs: number
  readonly sentMs: number
  readonly endMs: number
}

interface Wishes {
  readonly rate: number
  readonly total: number
  readonly connections: number
  /** When a request that was sent at such a time is answered; ms from the start. */
  readonly answeredAt: (sentMs: number) => number
  readonly heldUp?: readonly [fromMs: number, untilMs: number]
}

function simulate({ rate, total, connections, answeredAt, heldUp }: Wishes) {
  const time = fakeTime()
  const startMs = time.now()
  if (heldUp !== undefined) time.heldUp(...heldUp)
  const sent: Sent[] = []
  let busy = 0
  let endedMs: number | undefined
  const pacer = startEvenPacer<number>(
    { rate, alarm: time },
    {
      total,
      send(connection, dueMs = Number.NaN) {
        const sentMs = time.now() - startMs
        const endMs = answeredAt(sentMs)
        sent.push({ connection, dueMs: dueMs - startMs, sentMs, endMs })
        busy += 1
        time.at(startMs + endMs, () => {
          busy -= 1
          pacer.free(connection)
        })
      },
      over() {
        if (busy === 0) endedMs ??= time.now() - startMs
      },
    },
  )
  for (let connection = 0; connection < connections; connection += 1) pacer.free(connection)
  time.run()
  return { sent, pacing: pacer.pacing(), endedMs }
}

const after = (ms: number) => (sentMs: number) => sentMs + ms

/** Answers in 1 ms, but for 200 ms from 100 ms on, when nothing is answered. */
const stalling = (sentMs: number) =>
  sentMs + 1 > 100 && sentMs < 300 ? Math.max(300, sentMs + 1) : sentMs + 1

describe('an even pace', () => {
  test('is due at the start and then in equal intervals, and is kept', () => {
    const { sent, pacing } = simulate({ rate: 500, total: 125, connections: 8, answeredAt: after(3) })
    expect(sent).toHaveLength(125)
    for (const [index, { dueMs, sentMs }] of sent.entries()) {
      expect(dueMs).toBeCloseTo(index * 2, 6)
      expect(sentMs).toBeCloseTo(index * 2, 6)
    }
    expect(pacing).toMatchObject({ rate: 500, sent: 125, late: 0, dropped: 0 })
  })

  test.each([1, 333, 50_000])('of %d a second sends nothing early', (rate) => {
    const { sent } = simulate({ rate, total: 40, connections: 64, answeredAt: after(0.3) })
    expect(sent).toHaveLength(40)
    for (const { dueMs, sentMs } of sent) expect(sentMs - dueMs).toBeGreaterThanOrEqual(0)
  })

  test('never bursts: no two requests are sent closer than the interval, unless one of them is late', () => {
    const { sent } = simulate({ rate: 500, total: 400, connections: 4, answeredAt: stalling })
    const isLate = ({ dueMs, sentMs }: Sent) => sentMs - dueMs > 1e-6
    for (const [index, request] of sent.entries()) {
      const before = sent[index - 1]
      if (before === undefined || isLate(before) || isLate(request)) continue
      expect(request.sentMs - before.sentMs).toBeCloseTo(2, 6)
    }
  })

  test('gives every connection its share', () => {
    const { sent } = simulate({ rate: 100, total: 40, connections: 8, answeredAt: after(1) })
    for (let connection = 0; connection < 8; connection += 1)
      expect(sent.filter((request) => request.connection === connection)).toHaveLength(5)
  })

  test('ends when the last answer is there', () => {
    const { endedMs } = simulate({ rate: 1_000, total: 11, connections: 8, answeredAt: after(7) })
    expect(endedMs).toBeCloseTo(17, 6)
  })
})

describe('a stall of 200 ms', () => {
  const { sent, pacing } = simulate({ rate: 500, total: 400, connections: 1, answeredAt: stalling })
  const fromDue = sent.map(({ dueMs, endMs }) => endMs - dueMs)
  const uncorrected = sent.map(({ sentMs, endMs }) => endMs - sentMs)

  test('shows in every request that fell into it, counted from when it was due', () => {
    const fell = sent.filter(({ dueMs }) => dueMs >= 100 && dueMs < 300)
    expect(fell).toHaveLength(100)
    // What is left of the stall, and one answer after another since.
    for (const [index, { dueMs, endMs }] of fell.entries())
      expect(endMs - dueMs).toBeCloseTo(300 - dueMs + index, 6)
    expect(fromDue.filter((ms) => ms > 50).length).toBeGreaterThan(90)
  })

  test('shows in one request, counted from when it was sent', () => {
    expect(uncorrected.filter((ms) => ms > 50)).toEqual([expect.closeTo(200, 6)])
  })

  test('is caught up with as fast as answers come, and then the pace is even again', () => {
    const even = sent.filter(({ dueMs, sentMs }) => sentMs - dueMs < 1e-6)
    expect(even.filter(({ dueMs }) => dueMs > 510)).toHaveLength(
      sent.filter(({ dueMs }) => dueMs > 510).length,
    )
    expect(pacing).toMatchObject({ sent: 400, dropped: 0 })
    expect(pacing?.late).toBe(sent.filter(({ dueMs, sentMs }) => sentMs - dueMs > 1).length)
    expect(pacing?.late).toBeGreaterThan(150)
  })

  test('is no fault of the pacer, whose own lag is nothing', () => {
    expect(pacing?.lagsMs.length).toBeGreaterThan(100)
    expect(Math.max(...(pacing?.lagsMs ?? []))).toBeCloseTo(0, 6)
  })
})

describe('a pacer that was itself held up', () => {
  test('says so: connections stood free', () => {
    const { pacing, sent } = simulate({
      rate: 500,
      total: 125,
      connections: 32,
      answeredAt: after(1),
      heldUp: [100, 130],
    })
    expect(pacing).toMatchObject({ sent: 125, late: 15, dropped: 0 })
    expect(Math.max(...(pacing?.lagsMs ?? []))).toBeCloseTo(30, 6)
    expect(Math.max(...sent.map(({ sentMs, endMs }) => endMs - sentMs))).toBeCloseTo(1, 6)
  })
})

describe('an overload', () => {
  // Two connections of 10 ms each serve 200 a second of the 1 000 that are due, for twice 100 ms.
  const { sent, pacing, endedMs } = simulate({
    rate: 1_000,
    total: 100,
    connections: 2,
    answeredAt: after(10),
  })

  test('ends in time, and drops what could not be sent', () => {
    expect(endedMs).toBeLessThan(2 * 100 + 2 * 10)
    expect(sent.length).toBeGreaterThan(38)
    expect(sent.length).toBeLessThan(46)
    expect(pacing).toMatchObject({ sent: sent.length, dropped: 100 - sent.length })
  })

  test('has latencies that grow with the queue', () => {
    const fromDue = sent.map(({ dueMs, endMs }) => endMs - dueMs)
    expect(fromDue.at(-1)).toBeGreaterThan(150)
    expect(fromDue).toEqual(fromDue.toSorted((a, b) => a - b))
  })
})

describe('a pacer', () => {
  test('sends nothing once it was stopped, though its alarm was set', () => {
    const time = fakeTime()
    const sent: number[] = []
    const pacer = startEvenPacer<number>(
      { rate: 10, alarm: time },
      { total: 5, send: (connection) => sent.push(connection), over: () => undefined },
    )
    for (const connection of [0, 1, 2]) pacer.free(connection)
    pacer.stop()
    time.run()
    expect(sent).toEqual([0])
  })

  test('counts a connection once that is handed in twice', () => {
    const time = fakeTime()
    const sent: number[] = []
    const pacer = startEvenPacer<number>(
      { rate: 10, alarm: time },
      { total: 5, send: (connection) => sent.push(connection), over: () => undefined },
    )
    for (const connection of [0, 1, 1]) pacer.free(connection)
    time.run()
    expect(sent).toEqual([0, 1])
  })

  test('of a closed loop sends at once on whatever is free, and knows no pace', () => {
    const sent: number[] = []
    let ends = 0
    const pacer = createEagerPacer<number>({
      total: 3,
      send: (connection) => sent.push(connection),
      over: () => {
        ends += 1
      },
    })
    for (const connection of [0, 1, 0, 1]) pacer.free(connection)
    expect([sent, ends, pacer.pacing()]).toEqual([[0, 1, 0], 1, undefined])
  })
})
