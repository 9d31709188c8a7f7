import { setTimeout as wait } from 'node:timers/promises'
import type { Completion } from '../history.js'
import type { Recorder } from '../history-file.js'
import type { Address, Addresses } from './address.js'
import { type Connection, type ConnectionOptions, openConnection } from './recorded-connection.js'
import type { Request } from './recorded-exchange.js'

export interface ClientOptions {
  readonly recorder: Recorder
  readonly addresses: Addresses
  /** Of all addresses. */
  readonly workers: number
  /** Connections to each of them. */
  readonly perWorker: number
  /** A request that takes longer is given up, ms. */
  readonly limitMs: number
  readonly onAnswer?: ConnectionOptions['onAnswer']
}

/** Connections to every worker of a server. Lost ones are opened anew, until each worker has its share again. */
export interface RecordedClient extends Disposable {
  readonly workers: number
  readonly connections: number
  /** A free connection to that worker, for the caller alone until it is released; `undefined` when none came in time. */
  acquire(worker: number): Promise<Connection | undefined>
  /** How many wait for that worker; below zero, how many connections are free. */
  crowd(worker: number): number
  /** Several at once, in order, all or nothing; `undefined` when they were not to be had soon. */
  acquireAll(workers: readonly number[]): Promise<readonly Connection[] | undefined>
  release(connection: Connection): void
  /** One request to that worker; `undefined` when it had no connection in time: nothing was sent. */
  run(worker: number, request: Request): Promise<Completion | undefined>
  /** From here on new connections go to another server. */
  moveTo(addresses: Addresses): void
  /** @returns whether every worker had its share within that time */
  balanced(limitMs: number): Promise<boolean>
}

/** A worker that is started again needs about a second; one that does not come back must not hold its clients for ever. */
const patienceMs = 10_000

/** Several connections that are not to be had by then are given up, and by everyone for as long again, ms. */
const assemblyLimitMs = 500

/** Between two attempts that brought a connection to a worker which has enough of them, or none, ms. */
const retryMs = 20

/** The longest the greeting of a new connection may take, ms: it may have gone to a worker that stands still. */
const greetingLimitMs = 5_000

interface Waiter {
  readonly untilMs: number
  resolve(connection: Connection | undefined): void
}

/** What one worker has. */
interface Share {
  open: number
  readonly free: Connection[]
  waiters: Waiter[]
}

/** Opens the connections in the background; await `balanced` before counting on them. */
export function openRecordedClient(options: ClientOptions): RecordedClient {
  const { recorder, workers, perWorker, limitMs, onAnswer } = options
  const shares = Array.from({ length: workers }, (): Share => ({ open: 0, free: [], waiters: [] }))
  const everyone = new Set<Connection>()
  const sweeper = setInterval(dismissImpatient, 100).unref()
  let { addresses } = options
  let clients = 0
  let closed = false
  let keeping = false
  let hopelessUntilMs = 0
  let gathering: Promise<unknown> = Promise.resolve()

  const isBalanced = () => !shares.some(lacks)

  /** One at a time: the cluster deals connections out in turn, so hardly one in excess is opened. */
  async function keep(): Promise<void> {
    if (keeping) return
    keeping = true
    while (!closed && !isBalanced()) {
      const connection = await tryOpen()
      if (connection !== undefined && !closed && shareOf(connection).open < perWorker) admit(connection)
      else await discard(connection)
    }
    keeping = false
  }

  async function tryOpen(): Promise<Connection | undefined> {
    clients += 1
    const address = lackingAddress()
    const greeting = { address, recorder, client: clients, limitMs, greetingLimitMs, onClosed: forget }
    return openConnection({ ...greeting, ...(onAnswer && { onAnswer }) }).catch(() => undefined)
  }

  /** Of those whose workers lack connections, another each time: behind one of them all may stand still. */
  function lackingAddress(): Address {
    const lacking = addresses.filter(({ workers: own }) => own.some((worker) => lacks(shares[worker])))
    return lacking[clients % Math.max(1, lacking.length)] ?? addresses[0]
  }

  function lacks(share: Share | undefined): boolean {
    return share !== undefined && share.open < perWorker
  }

  async function discard(connection: Connection | undefined): Promise<void> {
    connection?.close()
    if (!closed) await wait(retryMs)
  }

  /** A worker beyond those that were told of has no share, and needs none. */
  function shareOf({ worker }: Connection): Share {
    return shares[worker] ?? { open: perWorker, free: [], waiters: [] }
  }

  function admit(connection: Connection): void {
    everyone.add(connection)
    shareOf(connection).open += 1
    release(connection)
  }

  function forget(connection: Connection): void {
    if (!everyone.delete(connection)) return
    const share = shareOf(connection)
    share.open -= 1
    const index = share.free.indexOf(connection)
    if (index !== -1) share.free.splice(index, 1)
    void keep()
  }

  function acquire(worker: number, waitMs = patienceMs): Promise<Connection | undefined> {
    const share = shares[worker]
    const connection = share?.free.pop()
    if (connection !== undefined || share === undefined || closed) return Promise.resolve(connection)
    return new Promise((resolve) => {
      share.waiters.push({ untilMs: performance.now() + waitMs, resolve })
    })
  }

  function release(connection: Connection): void {
    if (!connection.isOpen()) return
    const share = shareOf(connection)
    const waiter = share.waiters.shift()
    if (waiter === undefined) share.free.push(connection)
    else waiter.resolve(connection)
  }

  /** One caller at a time: two that each held what the other waits for would wait for ever. */
  function acquireAll(wanted: readonly number[]): Promise<readonly Connection[] | undefined> {
    const mine = gathering.then(() => gather(wanted))
    gathering = mine
    return mine
  }

  async function gather(wanted: readonly number[]): Promise<readonly Connection[] | undefined> {
    if (performance.now() < hopelessUntilMs) return undefined
    const found = await Promise.all(wanted.map((worker) => acquire(worker, assemblyLimitMs)))
    const connections = found.filter((connection) => connection !== undefined)
    if (connections.length === wanted.length) return connections
    connections.forEach(release)
    hopelessUntilMs = performance.now() + assemblyLimitMs
    return undefined
  }

  async function run(worker: number, request: Request): Promise<Completion | undefined> {
    const connection = await acquire(worker)
    if (connection === undefined) return undefined
    const completion = await connection.run(request)
    release(connection)
    return completion
  }

  function dismissImpatient(): void {
    const now = performance.now()
    for (const share of shares) {
      const impatient = share.waiters.filter(({ untilMs }) => untilMs < now)
      share.waiters = share.waiters.filter(({ untilMs }) => untilMs >= now)
      for (const { resolve } of impatient) resolve(undefined)
    }
  }

  async function balanced(withinMs: number): Promise<boolean> {
    const untilMs = performance.now() + withinMs
    while (!isBalanced() && performance.now() < untilMs) await wait(5)
    return isBalanced()
  }

  function close(): void {
    closed = true
    clearInterval(sweeper)
    for (const connection of [...everyone]) connection.close()
    for (const share of shares) {
      for (const { resolve } of share.waiters) resolve(undefined)
      share.waiters = []
    }
  }

  void keep()
  return {
    workers,
    connections: workers * perWorker,
    acquire: (worker) => acquire(worker),
    crowd: (worker) => (shares[worker]?.waiters.length ?? 0) - (shares[worker]?.free.length ?? 0),
    acquireAll,
    release,
    run,
    balanced,
    moveTo(elsewhere) {
      addresses = elsewhere
    },
    [Symbol.dispose]: close,
  }
}
