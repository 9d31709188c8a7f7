import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { openAlarm } from '../load/alarm.js'
import type { Captcha } from '../load/exchange.js'
import { type LoadGenerator, openLoadGenerator, type Target } from '../load/generator.js'
import type { Alarm } from '../load/pacer.js'
import { openWarmUpLoad } from '../load/warm-up.js'
import { seededRandom } from '../statistics.js'

/** What reached a fake server; unless told, of as many workers as connections: each connection is one worker. */
interface Fake {
  readonly server: Server
  readonly endpoint: string
  readonly sockets: readonly Socket[]
  readonly requests: readonly Asked[]
}

interface Asked {
  readonly method: string
  readonly path: string
  readonly worker: number
  readonly body: string
  /** Which of all requests it was: a captcha that it issued is called by it. */
  readonly number: number
}

interface Reply {
  readonly status?: number
  readonly instance?: string
  readonly id?: string
  /** Ends the connection instead of answering. */
  readonly hangUp?: boolean
  /** Answers never. */
  readonly silent?: boolean
  /** Answers so much later. */
  readonly delayMs?: number
}

type Behave = (asked: Asked, number: number) => Reply

const instance = 'this-start'

function at(endpoint: string): Target {
  return { addresses: [{ endpoint, instance, workers: [0, 1, 2, 3], first: 0 }] }
}
const opened: (LoadGenerator | Server)[] = []
let resourcesBefore: readonly string[]

beforeEach(() => {
  resourcesBefore = process.getActiveResourcesInfo()
})
afterEach(async () => {
  for (const thing of opened.splice(0)) {
    if ('run' in thing) thing[Symbol.dispose]()
    else {
      thing.closeAllConnections()
      await new Promise((resolve) => thing.close(resolve))
    }
  }
})

async function bodyOf(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += chunk
  return text
}

function idIn(path: string): string | undefined {
  return /^\/captcha\/([^/]+)\//.exec(path)?.[1]
}

/** @param workerOf which worker a connection reaches, by its number in the order of all that are opened */
async function fake(
  behave: Behave = () => ({}),
  workerOf = (connection: number) => connection,
): Promise<Fake> {
  const sockets: Socket[] = []
  const requests: Asked[] = []
  const server = createServer(async (request, response) => {
    const { method = '', url: path = '', socket } = request
    const body = await bodyOf(request)
    const number = requests.length + 1
    const asked = { method, path, worker: workerOf(sockets.indexOf(socket)), body, number }
    requests.push(asked)
    const reply = behave(asked, number)
    if (reply.delayMs !== undefined) await wait(reply.delayMs)
    answer({ asked, socket, response }, reply)
  })
  server.on('connection', (socket) => sockets.push(socket))
  opened.push(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const { port } = server.address() as AddressInfo
  return { server, endpoint: `http://127.0.0.1:${port}`, sockets, requests }
}

interface Exchange {
  readonly asked: Asked
  readonly socket: Socket
  readonly response: ServerResponse
}

function answer({ asked, socket, response }: Exchange, reply: Reply): void {
  if (reply.silent) return
  if (reply.hangUp) {
    socket.destroy()
    return
  }
  const isWrite = asked.path === '/captcha'
  const status = reply.status ?? (isWrite ? 201 : 200)
  const isIssued = status === 201
  const id = reply.id ?? idIn(asked.path) ?? (isIssued ? `id${asked.number}` : undefined)
  response
    .writeHead(status, {
      'x-worker': String(asked.worker),
      'x-instance': reply.instance ?? instance,
      'server-timing': 'store;dur=0.25',
      // In the order of the real server's headers: the warm-up reads them as text.
      ...(isIssued && { 'x-captcha-answer': `A${asked.number}` }),
      ...(id !== undefined && { 'x-captcha-id': id }),
    })
    .end('{}')
}

async function open(target: Fake, size = 4): Promise<LoadGenerator> {
  const generator = await openLoadGenerator(at(target.endpoint), size)
  opened.push(generator)
  return generator
}

function captchas(count: number): readonly Captcha[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `captcha-${index}`,
    answer: `A${index}`,
    issuer: 0,
    connection: index % 4,
    issuedAtMs: 0,
  }))
}

const limitMs = 2_000
const afterGreeting = ({ path }: Asked) => path !== '/health'

describe('the load generator', () => {
  test('greets each connection once before anything is measured', async () => {
    const target = await fake()
    await open(target, 5)
    expect(new Set(target.requests.map(({ worker }) => worker))).toEqual(new Set([0, 1, 2, 3, 4]))
    expect(target.requests.map(({ method, path }) => `${method} ${path}`)).toEqual(
      Array.from({ length: 5 }, () => 'GET /health'),
    )
  })

  test('sends exactly as many writes as asked for, and brings back what was issued', async () => {
    const target = await fake()
    const { answers, mistaken } = await (await open(target)).run({ operation: 'write', work: 37, limitMs })
    expect(mistaken).toBeUndefined()
    expect(target.requests.filter(afterGreeting).map(({ method, path }) => `${method} ${path}`)).toEqual(
      Array.from({ length: 37 }, () => 'POST /captcha'),
    )
    expect(answers).toHaveLength(37)
    expect(new Set(answers.map(({ captcha }) => captcha?.id)).size).toBe(37)
    for (const { captcha, worker, storeUs, status } of answers) {
      expect(captcha?.answer).toBe(captcha?.id.replace('id', 'A'))
      expect([captcha?.issuer, storeUs, status]).toEqual([worker, 250, 201])
    }
  })

  test.each([
    ['read', 'GET', 'image'],
    ['take', 'POST', 'verify'],
  ] as const)('asks for each captcha of a %s exactly once', async (operation, method, end) => {
    const target = await fake()
    const work = captchas(50)
    const { answers } = await (await open(target)).run({ operation, work, limitMs })
    const asked = target.requests.filter(afterGreeting)
    expect(asked.map(({ path }) => path).sort()).toEqual(work.map(({ id }) => `/captcha/${id}/${end}`).sort())
    expect(new Set(asked.map((request) => request.method))).toEqual(new Set([method]))
    expect(new Set(answers.map(({ captcha }) => captcha))).toEqual(new Set(work))
  })

  test('sends each captcha’s own answer', async () => {
    const target = await fake()
    await (await open(target)).run({ operation: 'take', work: captchas(9), limitMs })
    for (const { path, body } of target.requests.filter(afterGreeting))
      expect(JSON.parse(body)).toEqual({ answer: idIn(path)?.replace('captcha-', 'A') })
  })

  test('parks between slices and uses the same connections again', async () => {
    const target = await fake()
    const generator = await open(target)
    const sent: number[] = []
    for (const work of [20, 4, 33]) {
      await generator.run({ operation: 'write', work, limitMs })
      await wait(20)
      sent.push(target.requests.filter(afterGreeting).length)
    }
    expect(sent).toEqual([20, 24, 57])
    expect(target.sockets).toHaveLength(4)
    expect(new Set(target.requests.map(({ worker }) => worker)).size).toBe(4)
  })

  test('keeps every connection busy while there is work: none sends all of it', async () => {
    const target = await fake()
    const { answers, busyUntilMs, unanswered, timedOut } = await (await open(target)).run({
      operation: 'write',
      work: 200,
      limitMs,
    })
    expect(new Set(answers.map(({ connection }) => connection))).toEqual(new Set([0, 1, 2, 3]))
    // All but the last answer of each connection, at most, came while all of them were busy.
    expect(answers.filter(({ endMs }) => endMs > busyUntilMs).length).toBeLessThan(4)
    expect([unanswered, timedOut]).toEqual([0, false])
  })

  test('hands captchas to another connection than issued them, while there are others', async () => {
    const target = await fake()
    const generator = await open(target)
    const { answers: written } = await generator.run({ operation: 'write', work: 40, limitMs })
    const work = written.flatMap(({ captcha }) => captcha ?? [])
    const { answers } = await generator.run({ operation: 'take', work, limitMs })
    expect(answers).toHaveLength(40)
    const own = answers.filter(({ connection, captcha }) => captcha?.connection === connection)
    // Only what is left at the very end may come back to its issuer.
    expect(own.length).toBeLessThanOrEqual(4)
  })

  test('hands on refusals as what they are', async () => {
    const target = await fake(({ path }) => ({ status: path === '/health' ? 200 : 404 }))
    const { answers, mistaken } = await (await open(target)).run({
      operation: 'take',
      work: captchas(8),
      limitMs,
    })
    expect(mistaken).toBeUndefined()
    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 8 }, () => 404))
  })

  test('refuses a slice of fewer requests than connections', async () => {
    const generator = await open(await fake())
    expect(() => generator.run({ operation: 'write', work: 3, limitMs })).toThrow(
      /at least 4 requests.*got 3/,
    )
  })
})

/** Due at once, or a moment later: what is asserted here is order and number, not time. */
const alarm: Alarm = {
  now: () => performance.now(),
  wakeAt: (_atMs, callback) => setImmediate(callback),
}

describe('a paced slice', () => {
  test('sends every request once, over all connections, and tells how it kept its pace', async () => {
    const target = await fake()
    const generator = await open(target)
    const { answers, pacing, mistaken } = await generator.run({
      operation: 'read',
      work: captchas(60),
      limitMs,
      pace: { rate: 1_000, alarm },
    })
    expect(mistaken).toBeUndefined()
    expect(new Set(answers.map(({ captcha }) => captcha?.id)).size).toBe(60)
    expect(new Set(answers.map(({ connection }) => connection))).toEqual(new Set([0, 1, 2, 3]))
    expect(pacing).toMatchObject({ rate: 1_000, sent: 60, dropped: 0 })
    for (const { sinceDueUs = 0, clientUs } of answers) expect(sinceDueUs).toBeGreaterThanOrEqual(clientUs)
  })

  test('may have fewer requests than connections', async () => {
    const generator = await open(await fake())
    const { answers } = await generator.run({
      operation: 'write',
      work: 2,
      limitMs,
      pace: { rate: 100, alarm },
    })
    expect(answers).toHaveLength(2)
  })

  test('of a server that stalls shows the stall in every request that was due in it', async () => {
    const delayMs = 200
    const target = await fake((_asked, number) => (number === 30 ? { delayMs } : {}))
    const generator = await open(target, 1)
    const { answers, pacing } = await generator.run({
      operation: 'write',
      work: 100,
      limitMs,
      pace: { rate: 250, alarm },
    })
    const slow = (us: number | undefined) => us !== undefined && us > (delayMs / 2) * 1_000
    expect(answers).toHaveLength(100)
    // One request in 4 ms: those that were due in the first half of the stall.
    expect(answers.filter(({ sinceDueUs }) => slow(sinceDueUs)).length).toBeGreaterThanOrEqual(20)
    expect(answers.filter(({ clientUs }) => slow(clientUs)).length).toBeLessThan(3)
    expect(pacing?.late).toBeGreaterThanOrEqual(20)
  })

  test('of a server that cannot keep up ends all the same, and counts what was never sent', async () => {
    const target = await fake(() => ({ delayMs: 5 }))
    const generator = await open(target)
    const { answers, pacing, unanswered, timedOut } = await generator.run({
      operation: 'write',
      work: 1_000,
      limitMs,
      pace: { rate: 10_000, alarm },
    })
    expect([answers.length + (pacing?.dropped ?? 0), unanswered, timedOut]).toEqual([1_000, 0, false])
    expect(pacing?.dropped).toBeGreaterThan(0)
  })

  test('leaves the generator ready for a closed loop, whose answers know no due time', async () => {
    const generator = await open(await fake())
    const pace = { rate: 1_000, alarm }
    await generator.run({ operation: 'write', work: 10, limitMs, pace })
    const { answers, pacing } = await generator.run({ operation: 'write', work: 10, limitMs })
    expect(answers.map(({ sinceDueUs }) => sinceDueUs)).toEqual(Array.from({ length: 10 }, () => undefined))
    expect(pacing).toBeUndefined()
  })

  test('with a connection closed under it is mistaken, and leaves no handle', async () => {
    const target = await fake((_asked, number) => (number === 12 ? { hangUp: true } : {}))
    const generator = await open(target)
    const pace = { rate: 1_000, alarm }
    const run = await generator.run({ operation: 'take', work: captchas(40), limitMs, pace })
    expect(run.mistaken).toMatch(/a connection was lost/)
    expect(run.unanswered).toBeGreaterThan(0)
    await noneLeft(target)
  })
})

describe('the alarm', () => {
  test('wakes once for each time it was set, and not within the call', async () => {
    using real = openAlarm()
    const startMs = real.now()
    const woken: number[] = []
    await new Promise<void>((resolve) => {
      // One that is near when it is set need not wait for the thread, and may overtake one that was not.
      for (const ms of [3, 4.5, 20]) real.wakeAt(startMs + ms, () => woken.push(ms))
      real.wakeAt(startMs + 25, resolve)
      expect(woken).toEqual([])
    })
    expect(woken.toSorted((a, b) => a - b)).toEqual([3, 4.5, 20])
    // Shortly before the time, at the earliest.
    expect(real.now() - startMs).toBeGreaterThan(24)
  })

  test('wakes for a time that has passed', async () => {
    using real = openAlarm()
    await new Promise<void>((resolve) => real.wakeAt(real.now() - 5, resolve))
  })
})

describe('a slice nobody can believe', () => {
  const cases: readonly (readonly [string, Behave, RegExp, number])[] = [
    [
      'an answer from another instance',
      (asked, number) => (afterGreeting(asked) && number === 12 ? { instance: 'other-start' } : {}),
      /came from instance other-start/,
      limitMs,
    ],
    [
      'an answer about another captcha',
      (_asked, number) => (number === 12 ? { id: 'captcha-999' } : {}),
      /about another captcha/,
      limitMs,
    ],
    [
      'a connection closed before its answer',
      (_asked, number) => (number === 12 ? { hangUp: true } : {}),
      /a connection was lost/,
      limitMs,
    ],
    [
      'a slice over its limit',
      (_asked, number) => (number >= 12 ? { silent: true } : {}),
      /took longer than 0.04 s/,
      40,
    ],
  ]

  test.each(cases)('%s is mistaken, and leaves no handle', async (_what, behave, reason, limit) => {
    const target = await fake(behave)
    const generator = await open(target)
    const run = await generator.run({ operation: 'take', work: captchas(40), limitMs: limit })
    expect(run.mistaken).toMatch(reason)
    expect(run.answers.length).toBeLessThan(12)
    expect(run.unanswered).toBeGreaterThan(0)
    expect(run.timedOut).toBe(limit === 40)
    await noneLeft(target)
  })

  test('so is every later slice of that generator, at once', async () => {
    const target = await fake((_asked, number) => (number === 12 ? { hangUp: true } : {}))
    const generator = await open(target)
    const first = await generator.run({ operation: 'take', work: captchas(40), limitMs })
    const seen = target.requests.length
    const later = await generator.run({ operation: 'take', work: captchas(40), limitMs })
    expect([later.mistaken, later.answers]).toEqual([first.mistaken, []])
    expect(target.requests).toHaveLength(seen)
  })

  test('so is the next slice after a connection was closed while it was parked, and no silent one takes its place', async () => {
    const target = await fake()
    const generator = await open(target)
    await generator.run({ operation: 'write', work: 8, limitMs })
    target.sockets[0]?.destroy()
    await noneLeft(target)
    const { answers, mistaken } = await generator.run({ operation: 'take', work: captchas(40), limitMs })
    expect([mistaken, answers]).toEqual(['a connection was lost', []])
  })

  test('disposing a parked generator leaves no handle either', async () => {
    const target = await fake()
    const generator = await open(target)
    await generator.run({ operation: 'write', work: 8, limitMs })
    generator[Symbol.dispose]()
    await noneLeft(target)
  })
})

/** Every connection is closed, and with the fake server gone no timer or socket is left that was not there before. */
async function noneLeft({ sockets, server }: Fake): Promise<void> {
  await vi.waitFor(() => expect(sockets.every(({ destroyed }) => destroyed)).toBe(true), { interval: 10 })
  await new Promise((resolve) => server.close(resolve))
  // A timer of vitest's own `waitFor` would be counted too: one of ours has fired when it is looked at.
  for (let look = 0; look < 50 && leftOver().length > 0; look += 1) await wait(20)
  expect(leftOver()).toEqual([])
}

function leftOver(): readonly string[] {
  const before = [...resourcesBefore]
  return process
    .getActiveResourcesInfo()
    .filter((name) => /^(TCP|Timeout)/.test(name))
    .filter((name) => (before.includes(name) ? before.splice(before.indexOf(name), 1).length === 0 : true))
}

describe('opening', () => {
  test('against a dead port rejects', async () => {
    const { server, endpoint } = await fake()
    await new Promise((resolve) => server.close(resolve))
    await expect(openLoadGenerator(at(endpoint), 4)).rejects.toThrow(/could not connect to http.*/)
  })

  test('against another instance rejects', async () => {
    const target = await fake(() => ({ instance: 'other-start' }))
    await expect(openLoadGenerator(at(target.endpoint), 4)).rejects.toThrow(/instance other-start/)
    await noneLeft(target)
  })

  test('against a server that hangs up rejects', async () => {
    const { endpoint } = await fake(() => ({ hangUp: true }))
    await expect(openLoadGenerator(at(endpoint), 4)).rejects.toThrow(/could not connect/)
  })
})

/** As a cluster may: some workers get several in a row, others wait. */
function unevenly(seed: number): (connection: number) => number {
  const random = seededRandom(seed)
  const drawn = Array.from({ length: 1_000 }, () => Math.floor(random() * 4))
  return (connection) => drawn[connection] ?? 0
}

/** How many connections each worker is left with, in ascending order, once the others are closed. */
async function sharesOf({ sockets }: Fake, workerOf: (connection: number) => number, size: number) {
  const left = () => sockets.flatMap(({ destroyed }, connection) => (destroyed ? [] : workerOf(connection)))
  await vi.waitFor(() => expect(left()).toHaveLength(size), { interval: 10 })
  return [0, 1, 2, 3].map((worker) => left().filter((one) => one === worker).length).toSorted()
}

describe('a server whose cluster hands out connections unevenly', () => {
  const cases = [1, 2, 7].flatMap((seed) => [
    { seed, size: 8, shares: [2, 2, 2, 2] },
    { seed, size: 6, shares: [1, 1, 2, 2] },
    { seed, size: 3, shares: [0, 1, 1, 1] },
  ])

  test.each(cases)(
    'has an even share of $size measured connections at each worker (seed $seed)',
    async ({ seed, size, shares }) => {
      const workerOf = unevenly(seed)
      const target = await fake(() => ({}), workerOf)
      const generator = await open(target, size)
      expect(target.sockets.length).toBeGreaterThan(size)
      expect(await sharesOf(target, workerOf, size)).toEqual(shares)
      expect(target.requests.every(({ path }) => path === '/health')).toBe(true)
      expect(target.requests).toHaveLength(target.sockets.length)
      const { answers, mistaken, unanswered } = await generator.run({ operation: 'write', work: 80, limitMs })
      expect([answers.length, mistaken, unanswered]).toEqual([80, undefined, 0])
      const served = new Map(answers.map(({ connection, worker }) => [connection, worker]))
      expect(
        [0, 1, 2, 3].map((one) => [...served.values()].filter((by) => by === one).length).toSorted(),
      ).toEqual(shares)
    },
  )

  test('leaves no handle once its generator is disposed', async () => {
    const target = await fake(() => ({}), unevenly(1))
    const generator = await open(target, 8)
    generator[Symbol.dispose]()
    await noneLeft(target)
  })

  test.each(cases)(
    'has an even share of $size connections at each worker while it is warmed up (seed $seed)',
    async ({ seed, size, shares }) => {
      const workerOf = unevenly(seed)
      const target = await fake(() => ({}), workerOf)
      using load = await openWarmUpLoad(at(target.endpoint), size)
      expect(await sharesOf(target, workerOf, size)).toEqual(shares)
      await load.send(2)
      expect(target.requests.filter(({ path }) => path === '/captcha')).toHaveLength(2 * size)
    },
  )

  test('is refused for the warm-up when one worker gets them all, and no connection is left', async () => {
    const target = await fake(
      () => ({}),
      () => 0,
    )
    await expect(openWarmUpLoad(at(target.endpoint), 2)).rejects.toThrow(
      /expected 2 connections spread evenly over the workers, got 1/,
    )
    await noneLeft(target)
  })
})

/** What was read or taken, as the warm-up asked for it: where, and on which connection it had been issued. */
interface HandedOver {
  readonly id: string
  readonly by: number
  readonly issuer: number | undefined
}

/** The numbers of its captchas' workers are those of connections: of a fake server that was told nothing else. */
function seenBy({ requests }: Fake) {
  const issuers = new Map(
    requests.filter(({ path }) => path === '/captcha').map(({ number, worker }) => [`id${number}`, worker]),
  )
  const handedOver = (end: string): readonly HandedOver[] =>
    requests
      .filter(({ path }) => path.endsWith(end))
      .map(({ path, worker: by }) => ({ id: idIn(path) ?? '', by, issuer: issuers.get(idIn(path) ?? '') }))
  return { issued: [...issuers.keys()], read: handedOver('/image'), taken: handedOver('/verify') }
}

const ids = (handedOver: readonly HandedOver[]) => handedOver.map(({ id }) => id)

describe('the warm-up load', () => {
  test('issues as many captchas on each connection as asked for, and reads and takes all but one for each connection', async () => {
    const target = await fake()
    using load = await openWarmUpLoad(at(target.endpoint), 2)
    await load.send(5)
    await load.send(1)
    const { issued, read, taken } = seenBy(target)
    expect([issued.length, read.length, taken.length]).toEqual([12, 10, 10])
    for (const handedOver of [read, taken]) expect(new Set(ids(handedOver)).size).toBe(10)
    expect(target.sockets).toHaveLength(2)
  })

  test('reads and takes what another connection issued, each captcha once and with its answer', async () => {
    const target = await fake()
    using load = await openWarmUpLoad(at(target.endpoint), 4)
    for (let batch = 0; batch < 40; batch += 1) await load.send(1)
    const { issued, read, taken } = seenBy(target)
    for (const { by, issuer } of [...read, ...taken]) {
      expect(issuer).toBeDefined()
      expect(by).not.toBe(issuer)
    }
    expect(issued).toHaveLength(160)
    for (const handedOver of [read, taken]) {
      expect(new Set(ids(handedOver)).size).toBe(156)
      expect(handedOver).toHaveLength(156)
    }
    const answers = target.requests.filter(({ path }) => path.endsWith('/verify'))
    for (const { path, body } of answers)
      expect(JSON.parse(body)).toEqual({ answer: idIn(path)?.replace('id', 'A') })
  })

  test('hands the oldest over first, across its batches', async () => {
    const target = await fake()
    using load = await openWarmUpLoad(at(target.endpoint), 2)
    for (let batch = 0; batch < 10; batch += 1) await load.send(1)
    const { issued, taken } = seenBy(target)
    expect(ids(taken).toSorted()).toEqual(issued.slice(0, 18).toSorted())
  })

  test('lets a connection without others take its own, after the next was issued', async () => {
    const target = await fake()
    using load = await openWarmUpLoad(at(target.endpoint), 1)
    await load.send(3)
    expect(target.requests.map(({ path }) => path)).toEqual([
      '/health',
      '/captcha',
      '/captcha',
      '/captcha/id2/image',
      '/captcha/id2/verify',
      '/captcha',
      '/captcha/id3/image',
      '/captcha/id3/verify',
    ])
  })

  test('with none ahead lets each connection take its own, and leaves none', async () => {
    const target = await fake()
    using load = await openWarmUpLoad(at(target.endpoint), 4, 0)
    await load.send(5)
    const { issued, read, taken } = seenBy(target)
    for (const { by, issuer } of [...read, ...taken]) expect(by).toBe(issuer)
    expect(ids(taken).toSorted()).toEqual(issued.toSorted())
    expect(ids(read).toSorted()).toEqual(issued.toSorted())
  })

  test('goes on where nothing is issued, and reads and takes nothing', async () => {
    const target = await fake(({ path }) => (path === '/captcha' ? { status: 503 } : {}))
    using load = await openWarmUpLoad(at(target.endpoint), 4)
    await load.send(6)
    await load.send(6)
    expect(target.requests.filter(afterGreeting).map(({ path }) => path)).toEqual(
      Array.from({ length: 48 }, () => '/captcha'),
    )
  })

  test('goes on where issues fail for a time: what is read and taken was issued, and by another connection', async () => {
    const writes = [0, 0, 0, 0]
    const brought: string[] = []
    // Of each connection's writes first some, then none, then two of three.
    const isIssued = (write: number) => write < 8 || (write > 16 && write % 3 > 0)
    const target = await fake(({ path, worker, number }) => {
      if (path !== '/captcha') return {}
      writes[worker] = (writes[worker] ?? 0) + 1
      if (!isIssued(writes[worker])) return { status: 503 }
      brought.push(`id${number}`)
      return {}
    })
    using load = await openWarmUpLoad(at(target.endpoint), 4)
    for (let batch = 0; batch < 40; batch += 1) await load.send(1)
    const { taken, read } = seenBy(target)
    expect(writes).toEqual([40, 40, 40, 40])
    expect(brought).toHaveLength(4 * (7 + 16))
    expect(new Set(ids(taken)).size).toBe(taken.length)
    expect(ids(read).toSorted()).toEqual(ids(taken).toSorted())
    expect(taken).toHaveLength(brought.length - 4)
    for (const { id, by, issuer } of taken) {
      expect(brought).toContain(id)
      expect(by).not.toBe(issuer)
    }
  })

  test('lets the only connection that is issued any take its own', async () => {
    const target = await fake(({ path, worker }) =>
      path === '/captcha' && worker > 0 ? { status: 503 } : {},
    )
    using load = await openWarmUpLoad(at(target.endpoint), 3)
    await load.send(8)
    const { taken } = seenBy(target)
    expect(taken.map(({ by, issuer }) => [by, issuer])).toEqual(Array.from({ length: 5 }, () => [0, 0]))
  })

  test('goes on where reads and takes are answered with 404', async () => {
    const target = await fake(({ path }) => (idIn(path) === undefined ? {} : { status: 404 }))
    using load = await openWarmUpLoad(at(target.endpoint), 4)
    await load.send(5)
    const { issued, taken } = seenBy(target)
    expect([issued.length, taken.length]).toEqual([20, 16])
  })

  test('says so when a connection is closed under it', async () => {
    const target = await fake((_asked, number) => (number === 3 ? { hangUp: true } : {}))
    using load = await openWarmUpLoad(at(target.endpoint), 1)
    await expect(load.send(5)).rejects.toThrow(/closed a connection/)
  })

  // A worker that ends between two turns closes its connections while nothing is under way on them.
  test('says so when a connection was closed before it was used again', { timeout: 1_000 }, async () => {
    const target = await fake()
    using load = await openWarmUpLoad(at(target.endpoint), 1)
    await load.send(1)
    target.sockets[0]?.destroy()
    await wait(30)
    await expect(load.send(1)).rejects.toThrow(/connection/)
  })

  test('survives a connection that is reset', async () => {
    const target = await fake()
    using uncaught = catchUncaught()
    using load = await openWarmUpLoad(at(target.endpoint), 1)
    await load.send(1)
    target.sockets[0]?.resetAndDestroy()
    await wait(30)
    expect(uncaught.errors).toEqual([])
  })

  test('against a dead port rejects', async () => {
    const { server, endpoint } = await fake()
    await new Promise((resolve) => server.close(resolve))
    await expect(openWarmUpLoad(at(endpoint), 2)).rejects.toThrow(/ECONNREFUSED/)
  })
})

/** In place of vitest's own listeners, which would end the run. */
function catchUncaught(): Disposable & { readonly errors: readonly unknown[] } {
  const errors: unknown[] = []
  const others = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', (error) => errors.push(error))
  return {
    errors,
    [Symbol.dispose]() {
      process.removeAllListeners('uncaughtException')
      for (const other of others) process.on('uncaughtException', other)
    },
  }
}
