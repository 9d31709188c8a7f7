import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test } from 'vitest'
import { answerCall, type Call, mostCalls } from '../call.js'
import { throughJson } from '../shape.js'
import { openPrimaryEnd, stdioWithWire } from '../wire.js'
import type { Job, Outcome } from './wire.child.js'

const childEntry = fileURLToPath(new URL('../../dist/src/tests/wire.child.js', import.meta.url))

beforeAll(() => {
  if (!existsSync(childEntry)) throw new Error(`expected ${childEntry}, got nothing: npm run build makes it`)
})

/** Node's channel carries the jobs as they are: what the wire does to values must not be hidden by it. */
function forkWorker(): ChildProcess {
  return fork(childEntry, [], { stdio: [...stdioWithWire], serialization: 'advanced', execArgv: [] })
}

function descriptors(): readonly string[] {
  return readdirSync('/proc/self/fd')
}

async function told(child: ChildProcess, job: Job): Promise<readonly Outcome[]> {
  child.send(job)
  const [outcomes] = (await once(child, 'message')) as [readonly Outcome[]]
  return outcomes
}

async function withWorker<T>(use: (child: ChildProcess) => Promise<T>): Promise<T> {
  const child = forkWorker()
  const gone = once(child, 'exit')
  try {
    return await use(child)
  } finally {
    child.kill('SIGKILL')
    await gone
  }
}

/** A worker, and what it called; `handle` answers. */
function withWire<T>(
  handle: (message: unknown) => unknown,
  use: (wired: {
    readonly child: ChildProcess
    readonly calls: readonly Call[]
    readonly garbled: Promise<void>
    readonly ask: (...messages: unknown[]) => Promise<readonly Outcome[]>
  }) => Promise<T>,
): Promise<T> {
  return withWorker(async (child) => {
    const calls: Call[] = []
    let tell: () => void = () => undefined
    const garbled = new Promise<void>((resolve) => {
      tell = resolve
    })
    const wire = openPrimaryEnd(child.stdio, {
      call(call) {
        calls.push(call)
        answerCall(call, handle, wire.answer)
      },
      garbled: tell,
    })
    try {
      return await use({ child, calls, garbled, ask: (...messages) => told(child, { call: messages }) })
    } finally {
      wire.close()
    }
  })
}

/** The primary's end of the pair, bare. */
function socketOf(child: ChildProcess): Socket {
  const socket: unknown = child.stdio[stdioWithWire.length - 1]
  if (socket instanceof Socket) return socket
  throw new Error('expected a socket')
}

const echo = (message: unknown) => message

describe('a wire between a primary and a worker', () => {
  const messages: readonly unknown[] = [
    undefined,
    null,
    '',
    'two\nlines\r\n',
    'ß€😀\u2028\u0000',
    '\ud800 alone',
    7,
    Number.NaN,
    true,
    [],
    [undefined, null],
    { absent: undefined, there: { is: 'more' } },
    new Date(0),
    'long '.repeat(100_000),
  ]

  test('carries what JSON carries, both ways, and nothing as nothing', () =>
    withWire(echo, async ({ ask }) => {
      expect(await ask(...messages)).toEqual(messages.map((value) => ({ value: throughJson(value) })))
    }))

  test('carries errors by their message, and goes on', () =>
    withWire(
      (message) => {
        if (message === 'throw') throw new Error('disk "full"\nfor ever')
        if (message === 'reject') return Promise.reject(new Error('later'))
        return message === 'value' ? 7n : message
      },
      async ({ ask, calls }) => {
        expect(await ask('throw', 'reject', 'value', 7n, 'last')).toEqual([
          { error: 'disk "full"\nfor ever' },
          { error: 'later' },
          { error: expect.stringMatching(/serialize a BigInt/) },
          { error: expect.stringMatching(/serialize a BigInt/) },
          { value: 'last' },
        ])
        expect(calls.length).toBe(4)
      },
    ))

  test('settles calls that are answered out of order', () =>
    withWire(
      (message) => (message === 'slow' ? new Promise((resolve) => setImmediate(resolve, 'slow')) : message),
      async ({ ask }) => {
        expect(await ask('slow', 'fast')).toEqual([{ value: 'slow' }, { value: 'fast' }])
      },
    ))

  test('reads calls that come in pieces, cut within a letter', () =>
    withWire(echo, async ({ child, calls }) => {
      const bytes = [...Buffer.from('[1,"a€😀"]\n[2]\n[3,[null]]\n')].map((byte) => Uint8Array.of(byte))
      await told(child, { write: bytes })
      await told(child, { call: ['marks the end'] })
      expect(calls.slice(0, 3).map(({ number, message }) => [number, message])).toEqual([
        [1, 'a€😀'],
        [2, undefined],
        [3, [null]],
      ])
    }))

  test('reads replies that come in pieces, and drops those to no call', () =>
    withWorker(async (child) => {
      const socket = socketOf(child)
      const asked = told(child, { call: ['first', 'second'] })
      await once(socket, 'data')
      for (const byte of Buffer.from('[77,"nobody asked"]\n[2,"€"]\n[1]\n')) {
        socket.write(Uint8Array.of(byte))
        await new Promise(setImmediate)
      }
      expect(await asked).toEqual([{ value: undefined }, { value: '€' }])
    }))

  for (const line of [
    '',
    'x',
    '{}',
    '[]',
    '7',
    'null',
    '["1"]',
    '[null,"take"]',
    '[1,"take",7]',
    '[1,"take","no"]',
    '[1,2,3,4]',
    '[1,',
  ])
    test(`makes no call of ${JSON.stringify(line)}, nor of anything after it`, () =>
      withWire(echo, async ({ child, calls, garbled }) => {
        await told(child, { write: [Buffer.from(`[1,"before"]\n${line}\n[2,"after"]\n`)] })
        await garbled
        expect(calls.map(({ message }) => message)).toEqual(['before'])
      }))
})

describe('a wire one of whose ends has gone or stands still', () => {
  test('makes no call of half a line, and takes answers to the dead', async () => {
    const before = descriptors()
    await withWorker(async (child) => {
      const calls: Call[] = []
      const wire = openPrimaryEnd(child.stdio, {
        call: (call) => void calls.push(call),
        garbled: () => expect.unreachable('half a line is no garbage'),
      })
      await told(child, { write: [Buffer.from('[1,"whole"]\n[2,"ha')] })
      const closed = once(socketOf(child), 'close')
      child.kill('SIGKILL')
      await closed
      for (const number of [1, 2]) wire.answer({ kind: 'reply', number, value: 'late'.repeat(100_000) })
      await new Promise(setImmediate)
      wire.answer({ kind: 'reply', number: 3 })
      wire.close()
      expect(calls.map(({ message }) => message)).toEqual(['whole'])
    })
    expect(descriptors()).toEqual(before)
  })

  test('keeps the answers to a worker that stands still until it goes on', () =>
    withWorker(async (child) => {
      const calls: Call[] = []
      let arrived: () => void = () => undefined
      const all = new Promise<void>((resolve) => {
        arrived = resolve
      })
      const wire = openPrimaryEnd(child.stdio, {
        call: (call) => calls.push(call) === mostCalls && arrived(),
        garbled: () => undefined,
      })
      const asked = told(child, { call: Array.from({ length: mostCalls + 1 }, (_, index) => index) })
      await all
      child.kill('SIGSTOP')
      for (const { number, message } of calls)
        wire.answer({ kind: 'reply', number, value: `${message} `.padEnd(1_000) })
      await new Promise(setImmediate)
      expect(socketOf(child).writableLength).toBeGreaterThan(0)
      child.kill('SIGCONT')
      const outcomes = await asked
      wire.close()
      expect(outcomes.slice(0, mostCalls)).toEqual(
        Array.from({ length: mostCalls }, (_, index) => ({ value: `${index} `.padEnd(1_000) })),
      )
      expect(outcomes[mostCalls]).toEqual({
        error: expect.stringMatching(/too many calls .* nothing was asked/),
      })
    }))

  test('takes no more calls than fit while the primary does not read, and none of those refused arrives', () =>
    withWorker(async (child) => {
      const message = 'x'.repeat(10_000)
      const outcomes = await told(child, { call: Array.from({ length: 500 }, () => message) })
      const refused = outcomes.filter(
        (outcome) => 'error' in outcome && /nothing was asked/.test(outcome.error),
      )
      const unknown = outcomes.filter(
        (outcome) => 'error' in outcome && /outcome unknown/.test(outcome.error),
      )
      expect(refused.length).toBeGreaterThan(300)
      expect(refused.length + unknown.length).toBe(500)
      expect(await told(child, { call: ['once more'] })).toEqual(refused.slice(0, 1))
      let calls = 0
      await new Promise<void>((resolve) => {
        const wire = openPrimaryEnd(child.stdio, {
          call() {
            calls += 1
            if (calls === unknown.length) setImmediate(resolve)
          },
          garbled: () => undefined,
        })
        return wire
      })
      expect(calls).toBe(unknown.length)
    }))

  test('fails calls at once when the primary has closed its end', () =>
    withWorker(async (child) => {
      const socket = socketOf(child)
      const closed = once(socket, 'close')
      socket.destroy()
      await closed
      let outcomes: readonly Outcome[] = []
      do outcomes = await told(child, { call: ['anybody?'] })
      while (!JSON.stringify(outcomes).includes('cannot be reached'))
      expect(outcomes).toEqual([{ error: expect.stringMatching(/the primary cannot be reached/) }])
    }))

  test('keeps no worker alive that has closed it', async () => {
    const child = forkWorker()
    const exited = once(child, 'exit')
    const wire = openPrimaryEnd(child.stdio, { call: () => undefined, garbled: () => undefined })
    await told(child, { close: true })
    child.disconnect()
    expect(await exited).toEqual([0, null])
    wire.close()
  })

  test.skipIf(process.platform !== 'linux')('is not inherited by what a worker starts', () =>
    withWorker(async (child) => {
      const [outcome] = await told(child, { listDescriptors: true })
      const open = outcome !== undefined && 'value' in outcome ? String(outcome.value).split('\n') : []
      expect(open).toContain('0')
      expect(open).not.toContain(String(stdioWithWire.length - 1))
    }),
  )
})
