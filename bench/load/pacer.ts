/** A clock that wakes its caller. The real one is `alarm.ts`; tests bring one that stands still until it is told. */
export interface Alarm {
  /** ms on the harness's monotonic clock */
  now(): number
  /** Calls back once, at that time or shortly before it, never within the call. */
  wakeAt(atMs: number, callback: () => void): void
}

/** An open loop: requests come when they come, whether or not the ones before them have been answered. */
export interface Pace {
  /** Requests per second, evenly. */
  readonly rate: number
  readonly alarm: Alarm
}

/** What became of a schedule. */
export interface Pacing {
  readonly rate: number
  readonly sent: number
  /** Of these, sent more than 1 ms after they were due, for whatever reason. */
  readonly late: number
  /** Never sent: the slice's time was up. */
  readonly dropped: number
  /** How late each request was for which a connection stood free: the pacer's own fault, and nobody else's; ms. */
  readonly lagsMs: readonly number[]
}

/** Decides when a request of a slice is sent, and by which connection. */
export interface Pacer<Connection> {
  /** Hands in a connection that can send. */
  free(connection: Connection): void
  /** Sends nothing more. */
  stop(): void
  /** `undefined` in a closed loop. */
  pacing(): Pacing | undefined
}

export interface Schedule<Connection> {
  readonly total: number
  /** @param dueMs on the harness's monotonic clock; `undefined` in a closed loop */
  send(connection: Connection, dueMs?: number): void
  /** Nothing more will be sent. Called again whenever a connection becomes free after that. */
  over(): void
}

/** A closed loop: whoever is free sends at once. */
export function createEagerPacer<Connection>({ total, send, over }: Schedule<Connection>): Pacer<Connection> {
  let left = total
  return {
    free(connection) {
      if (left === 0) return over()
      left -= 1
      send(connection)
    },
    stop() {
      left = 0
    },
    pacing: () => undefined,
  }
}

const lateMs = 1

/**
 * A schedule may take this many times its own length. A store that is stalled for the whole of it and then serves twice the
 * pace just catches up; one that cannot keep the pace would only fall further behind.
 */
const patience = 2

/**
 * Request i is due at the start + i ÷ rate. It is sent then, by the connection that has been free for longest, so that all
 * take their share; where none is free it waits for the first that becomes so. It is never sent early, so that what a stall
 * held back is caught up with as fast as answers come, and what was not held back stays even.
 */
export function startEvenPacer<Connection>(
  { rate, alarm }: Pace,
  { total, send, over }: Schedule<Connection>,
): Pacer<Connection> {
  const startMs = alarm.now()
  const endMs = startMs + (patience * total * 1_000) / rate
  const dueMs = (index: number) => startMs + (index * 1_000) / rate
  /** Since when each has been free, longest first. */
  const freeSinceMs = new Map<Connection, number>()
  const lagsMs: number[] = []
  let sent = 0
  let late = 0
  let isAwaited = false
  let isOver = false

  function sendDue(): void {
    for (const [connection, sinceMs] of freeSinceMs) {
      const [nowMs, due] = [alarm.now(), dueMs(sent)]
      isOver ||= sent === total || nowMs > endMs
      if (isOver || nowMs < due) return
      freeSinceMs.delete(connection)
      if (sinceMs <= due) lagsMs.push(nowMs - due)
      if (nowMs - due > lateMs) late += 1
      sent += 1
      send(connection, due)
    }
    isOver ||= sent === total
  }

  function proceed(): void {
    if (!isOver) sendDue()
    if (isOver) over()
    // Where no connection is free, the next one to become so calls.
    else if (!isAwaited && freeSinceMs.size > 0) {
      isAwaited = true
      alarm.wakeAt(dueMs(sent), wake)
    }
  }

  function wake(): void {
    isAwaited = false
    if (!isOver) proceed()
  }

  return {
    free(connection) {
      // autocannon connects again by itself and then asks again for a connection that never sent anything.
      if (!freeSinceMs.has(connection)) freeSinceMs.set(connection, alarm.now())
      proceed()
    },
    stop() {
      isOver = true
    },
    pacing: () => ({ rate, sent, late, dropped: total - sent, lagsMs }),
  }
}
