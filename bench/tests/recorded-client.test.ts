import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { type HistoryLine, type Site, toHistory } from '../history.js'
import { createHistory, type Recorder, readHistory } from '../history-file.js'
import { createAnswerReader } from '../load/http-answer.js'
import { race } from '../load/race.js'
import { openRecordedClient, type RecordedClient } from '../load/recorded-client.js'
import { type Connection, openConnection } from '../load/recorded-connection.js'
import { type Request, readAnswer, toText } from '../load/recorded-exchange.js'
import { answer, openWire, type Script } from './wire.js'

const folder = mkdtempSync(join(tmpdir(), 'crossworker-recorded-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const site: Site = {
  kind: 'site',
  strategy: 'memory',
  name: 'ordinary',
  claims: { scope: 'process', singleUse: true, survives: 'nothing' },
  workers: 2,
  ttlMs: 1_000,
  seed: 1,
}

let files = 0
function record(): { recorder: Recorder; path: string } {
  files += 1
  const path = join(folder, `${files}.ndjson`)
  return { recorder: createHistory(path, site), path }
}

const taking = { verb: 'take', id: 'abc', answer: 'ABCDEF' } as const
const accepted = answer(200, 'x-worker: 0\nx-captcha-id: abc', '{"verdict":"accepted"}')

/** A connection to a scripted server, what it resolves with, and what is in its record afterwards. */
async function talk<T>(
  script: Script,
  act: (connection: Connection) => Promise<T>,
  limitMs = 5_000,
): Promise<{ told: T; lines: readonly HistoryLine[] }> {
  const { recorder, path } = record()
  await using wire = await openWire(1, script)
  const connection = await openConnection({
    address: wire.address,
    recorder,
    client: 1,
    limitMs,
    greetingLimitMs: 5_000,
    onClosed: () => undefined,
  })
  const told = await act(connection)
  connection.close()
  recorder.close()
  return { told, lines: await readHistory(path) }
}

describe('answers are cut out of the bytes of a connection', () => {
  const text = answer(404, 'x-worker: 3', '{"verdict":"unknown"}')

  test('wherever they are split', () => {
    for (let at = 1; at < text.length; at += 1) {
      const read = createAnswerReader()
      const found = [...read(Buffer.from(text.slice(0, at))), ...read(Buffer.from(text.slice(at)))]
      expect(found.map(({ status, body }) => [status, body])).toEqual([[404, '{"verdict":"unknown"}']])
    }
  })

  test('two in one chunk, and the beginning of a third', () => {
    const read = createAnswerReader()
    expect(read(Buffer.from(text + answer(200, '') + text.slice(0, 9))).map(({ status }) => status)).toEqual([
      404, 200,
    ])
    expect(read(Buffer.from(text.slice(9)))).toHaveLength(1)
  })

  test.each(['HTTP/1.1 200 OK\r\n\r\n', 'HTTP/2 200\r\ncontent-length: 0\r\n\r\n'])(
    'not out of %j',
    (other) => {
      expect(() => createAnswerReader()(Buffer.from(other))).toThrow(/expected HTTP\/1.1/)
    },
  )
})

describe('an answer means', () => {
  const issuing = { verb: 'issue' } as const
  const reading = { verb: 'read', id: 'abc' } as const
  const about = 'x-worker: 1\nx-captcha-id: abc'
  const given = `${about}\nx-captcha-answer: ABCDEF`

  test.each<[Request, number, string, string, string, string]>([
    [issuing, 201, given, '{"id":"abc"}', 'ok', 'issued'],
    [issuing, 503, 'x-worker: 1', '', 'info', 'unavailable'],
    [issuing, 201, 'x-worker: 1', '{"id":"abc"}', 'info', 'unexpected'],
    [reading, 200, about, '<svg/>', 'ok', 'found'],
    [reading, 200, about, '', 'info', 'unexpected'],
    [reading, 404, about, '', 'ok', 'unknown'],
    [reading, 404, 'x-worker: 1', '', 'info', 'unexpected'],
    [reading, 503, about, '', 'fail', 'unavailable'],
    [reading, 400, 'x-worker: 1', '', 'fail', 'refused'],
    [taking, 200, about, '{"verdict":"accepted"}', 'ok', 'accepted'],
    [taking, 403, about, '{"verdict":"wrong"}', 'ok', 'wrong'],
    [taking, 404, about, '{"verdict":"unknown"}', 'ok', 'unknown'],
    [taking, 404, 'x-captcha-id: abcd', '{"verdict":"unknown"}', 'info', 'unexpected'],
    [taking, 403, about, '{"verdict":"accepted"}', 'info', 'unexpected'],
    [taking, 400, 'x-worker: 1', '', 'fail', 'refused'],
    [taking, 503, about, '', 'info', 'unavailable'],
    [taking, 500, about, '', 'info', 'unexpected'],
  ])('%j %i %j %j: %s, %s', (request, status, headers, body, kind, result) => {
    const [found] = createAnswerReader()(Buffer.from(answer(status, headers, body)))
    if (found === undefined) throw new Error('expected an answer')
    expect(readAnswer(request, found)).toMatchObject({ kind, result, instance: 'wire' })
  })

  test('what an issue brought', () => {
    const [found] = createAnswerReader()(Buffer.from(answer(201, given, '{"id":"abc"}')))
    if (found === undefined) throw new Error('expected an answer')
    expect(readAnswer(issuing, found)).toMatchObject({ id: 'abc', answer: 'ABCDEF', worker: 1 })
  })
})

describe('a recorded connection', () => {
  test('writes down what it asked and what it was told', async () => {
    const { told, lines } = await talk(
      (_request, socket) => void socket.write(accepted),
      (connection) => connection.run(taking),
    )
    expect(told).toMatchObject({ kind: 'ok', result: 'accepted' })
    expect(lines.map(({ kind }) => kind)).toEqual(['site', 'invoke', 'ok'])
    expect(lines[1]).toMatchObject({ op: 1, client: 1, worker: 0, ...taking })
    expect(lines[2]).toMatchObject({ op: 1, result: 'accepted', worker: 0, instance: 'wire' })
  })

  test('asks again and again on the same socket', async () => {
    const { told } = await talk(
      (_request, socket) => void socket.write(accepted),
      async (connection) => [await connection.run(taking), await connection.run(taking)],
    )
    expect(told.map(({ op, result }) => [op, result])).toEqual([
      [1, 'accepted'],
      [2, 'accepted'],
    ])
  })

  test('does not know what happened when the connection is reset', async () => {
    const { told, lines } = await talk(
      (_request, socket) => void socket.resetAndDestroy(),
      (connection) => connection.run(taking),
    )
    expect(told).toMatchObject({ kind: 'info', result: 'none', reason: 'ECONNRESET' })
    expect(lines.at(-1)).toMatchObject({ kind: 'info', reason: 'ECONNRESET' })
  })

  test('nor when it is closed in the middle of an answer', async () => {
    const { told } = await talk(
      (_request, socket) => void socket.end(accepted.slice(0, 30)),
      (connection) => connection.run(taking),
    )
    expect(told).toMatchObject({ kind: 'info', result: 'none', reason: 'the server closed the connection' })
  })

  test('nor when no answer comes, and is not used again', async () => {
    const { told } = await talk(
      () => undefined,
      async (connection) => ({ ...(await connection.run(taking)), isOpen: connection.isOpen() }),
      50,
    )
    expect(told).toMatchObject({
      kind: 'info',
      result: 'none',
      reason: 'no answer within 50 ms',
      isOpen: false,
    })
  })

  test('knows that nothing happened when nothing was sent', async () => {
    const { told } = await talk(
      () => undefined,
      (connection) => {
        connection.close()
        return connection.run(taking)
      },
    )
    expect(told).toMatchObject({ kind: 'fail', result: 'none', reason: 'not sent: closed by the client' })
  })

  test('never takes an answer for the next request that was given for no request', async () => {
    const { told } = await talk(
      (_request, socket) => void socket.write(accepted + accepted),
      async (connection) => {
        const first = await connection.run(taking)
        return [first, await connection.run(taking)]
      },
    )
    expect(told).toMatchObject([{ result: 'accepted' }, { kind: 'fail', result: 'none' }])
  })
})

/** A client of a scripted server with its connections open. */
async function withClient(
  workers: number,
  script: Script,
  act: (client: RecordedClient, wire: Awaited<ReturnType<typeof openWire>>) => Promise<void>,
): Promise<readonly HistoryLine[]> {
  const { recorder, path } = record()
  await using wire = await openWire(workers, script)
  const addresses = [wire.address] as const
  const client = openRecordedClient({ recorder, addresses, workers, perWorker: 2, limitMs: 5_000 })
  expect(await client.balanced(5_000)).toBe(true)
  await act(client, wire)
  client[Symbol.dispose]()
  recorder.close()
  return readHistory(path)
}

describe('a race', () => {
  test('holds the last byte back until every server has the rest, then sends all', async () => {
    const lines = await withClient(
      3,
      (_request, socket, connection) =>
        void socket.write(accepted.replace('x-worker: 0', `x-worker: ${connection % 3}`)),
      async (client, wire) => {
        const connections = (await client.acquireAll([0, 1, 2])) ?? []
        const rest = toText(taking).slice(0, -1)
        await Promise.all(connections.map((connection) => connection.hold(taking)))
        await vi.waitFor(() => expect(wire.received.filter((text) => text === rest)).toHaveLength(3))
        const told = await Promise.all(connections.map((connection) => connection.release(7)))
        expect(told.map(({ result }) => result)).toEqual(['accepted', 'accepted', 'accepted'])
        expect(wire.received.filter((text) => text === toText(taking))).toHaveLength(3)
      },
    )
    const kinds = lines.slice(1).map(({ kind }) => kind)
    expect(kinds).toEqual(['invoke', 'invoke', 'invoke', 'ok', 'ok', 'ok'])
    expect(toHistory(lines).ops.map(({ race: number, worker }) => [number, worker])).toEqual([
      [7, 0],
      [7, 1],
      [7, 2],
    ])
  })

  test('gives each connection its own request', async () => {
    const lines = await withClient(
      2,
      (_request, socket) => void socket.write(accepted),
      async (client) => {
        const connections = (await client.acquireAll([0, 0, 1])) ?? []
        await race(connections, (index) => ({ ...taking, answer: `${index}` }), 1)
      },
    )
    expect(toHistory(lines).ops.map((op) => op.answer)).toEqual(['0', '1', '2'])
  })
})

describe('a recorded client', () => {
  test('has its share of connections to every worker, and opens lost ones anew', async () => {
    await withClient(
      2,
      (_request, socket) => void socket.write(accepted),
      async (client, wire) => {
        const before = wire.sockets.length
        expect([client.crowd(0), client.crowd(1)]).toEqual([-2, -2])
        wire.sockets[0]?.destroy()
        await vi.waitFor(() => expect(wire.sockets.length).toBeGreaterThan(before))
        expect(await client.balanced(5_000)).toBe(true)
        expect(await client.run(0, taking)).toMatchObject({ result: 'accepted' })
      },
    )
  })

  test('lets a request wait for a free connection, in order', async () => {
    await withClient(
      1,
      (_request, socket) => void socket.write(accepted),
      async (client) => {
        const told = await Promise.all([1, 2, 3, 4].map(() => client.run(0, taking)))
        expect(told.map((completion) => completion?.op)).toEqual([1, 2, 3, 4])
      },
    )
  })

  test('gives up on several connections that are not to be had together, and holds none of them', async () => {
    await withClient(
      2,
      () => undefined,
      async (client) => {
        const mine = [await client.acquire(1), await client.acquire(1)]
        expect(await client.acquireAll([0, 1])).toBeUndefined()
        expect(client.crowd(0)).toBe(-2)
        for (const connection of mine) if (connection !== undefined) client.release(connection)
        expect(client.crowd(1)).toBe(-2)
      },
    )
  })

  test('leaves nobody waiting when it is closed', async () => {
    let waiting: Promise<unknown> = Promise.resolve('not asked')
    await withClient(
      1,
      () => undefined,
      async (client) => {
        await Promise.all([client.acquire(0), client.acquire(0)])
        waiting = client.acquire(0)
      },
    )
    expect(await waiting).toBeUndefined()
  })
})

describe('a history file', () => {
  test('gives back what was recorded, in order', async () => {
    const { recorder, path } = record()
    const op = recorder.invoke({ atMs: 1, client: 2, worker: 1, verb: 'issue' })
    recorder.complete({ kind: 'ok', op, atMs: 2, result: 'issued', id: 'abc', answer: 'X' })
    recorder.note({ kind: 'gap', atMs: 3, checks: ['expiry'], reason: 'a test' })
    recorder.close()
    const lines = await readHistory(path)
    expect(lines.map(({ kind }) => kind)).toEqual(['site', 'invoke', 'ok', 'gap'])
    expect(toHistory(lines)).toMatchObject({ site, ops: [{ op: 1, id: 'abc', startMs: 1, endMs: 2 }] })
  })

  test('writes large histories in portions', async () => {
    const { recorder, path } = record()
    for (let n = 0; n < 2_000; n += 1) recorder.invoke({ atMs: n, client: 1, worker: 0, verb: 'issue' })
    expect(readFileSync(path, 'utf8').split('\n').length).toBeGreaterThan(800)
    recorder.close()
    expect(await readHistory(path)).toHaveLength(2_001)
  })

  test('does without a last line that was torn', async () => {
    const { recorder, path } = record()
    recorder.close()
    writeFileSync(path, `${readFileSync(path, 'utf8')}{"kind":"inv`)
    expect(await readHistory(path)).toEqual([site])
  })

  test('is never written over', () => {
    const { recorder, path } = record()
    recorder.close()
    expect(() => createHistory(path, site)).toThrow(/EEXIST/)
  })
})
