import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { answerCall, type Call, createCaller, mostCalls, type Reply } from '../call.js'

function wire(timeoutMs?: number) {
  const sent: Call[] = []
  const state = { isFull: false, isClosed: false }
  let settle: (reply: Reply) => void = () => undefined
  const caller = createCaller((settled) => {
    settle = settled
    return {
      send: (call) => void sent.push(call),
      isFull: () => state.isFull,
      close: () => {
        state.isClosed = true
      },
    }
  }, timeoutMs)
  return { caller, sent, state, settle: (reply: Reply) => settle(reply) }
}

describe('createCaller', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test('settles each call with the reply of its number, in any order', async () => {
    const { caller, sent, settle } = wire()
    const calls = [caller.call('one'), caller.call('two')]
    expect(sent.map(({ kind, message }) => [kind, message])).toEqual([
      ['call', 'one'],
      ['call', 'two'],
    ])
    for (const { number, message } of sent.toReversed())
      settle({ kind: 'reply', number, value: `re ${message}` })
    expect(await Promise.all(calls)).toEqual(['re one', 're two'])
  })

  test('takes a reply without a value for undefined', async () => {
    const { caller, sent, settle } = wire()
    const asked = caller.call('take')
    settle({ kind: 'reply', number: sent[0]?.number ?? 0 })
    expect(await asked).toBeUndefined()
  })

  test('rejects with the error the primary answered', async () => {
    const { caller, sent, settle } = wire()
    const asked = caller.call('take')
    settle({ kind: 'reply', number: sent[0]?.number ?? 0, error: 'disk full' })
    await expect(asked).rejects.toThrow(/^disk full$/)
  })

  test('says after the time-out that the outcome is unknown, and drops the late reply', async () => {
    const { caller, sent, settle } = wire(250)
    const asked = caller.call('take')
    const refused = expect(asked).rejects.toThrow(/within 250 ms: outcome unknown/)
    await vi.advanceTimersByTimeAsync(249)
    expect(vi.getTimerCount()).toBe(1)
    await vi.advanceTimersByTimeAsync(1)
    await refused
    expect(() => settle({ kind: 'reply', number: sent[0]?.number ?? 0, value: 'late' })).not.toThrow()
    await expect(asked).rejects.toThrow(/outcome unknown/)
  })

  test('never gives a late reply to a later call', async () => {
    const { caller, sent, settle } = wire(100)
    const first = caller.call('first')
    const refused = expect(first).rejects.toThrow(/outcome unknown/)
    await vi.advanceTimersByTimeAsync(100)
    await refused
    const second = caller.call('second')
    for (const { number, message } of sent) settle({ kind: 'reply', number, value: message })
    expect(await second).toBe('second')
  })

  test('waits five seconds unless told otherwise', async () => {
    const { caller } = wire()
    const refused = expect(caller.call('take')).rejects.toThrow(/within 5000 ms/)
    await vi.advanceTimersByTimeAsync(5_000)
    await refused
  })

  test('keeps to the time of each call with one timer for all', async () => {
    const { caller, sent, settle } = wire(100)
    const ends: string[] = []
    const ask = (name: string) =>
      caller.call(name).catch((error: Error) => ends.push(`${name}: ${error.message}`))
    ask('first')
    await vi.advanceTimersByTimeAsync(60)
    ask('answered')
    const last = ask('last')
    settle({ kind: 'reply', number: sent[1]?.number ?? 0 })
    expect(vi.getTimerCount()).toBe(1)
    await vi.advanceTimersByTimeAsync(40)
    expect(ends).toEqual([expect.stringMatching(/^first: .*outcome unknown/)])
    await vi.advanceTimersByTimeAsync(59)
    expect(ends.length).toBe(1)
    await vi.advanceTimersByTimeAsync(1)
    await last
    expect(ends[1]).toMatch(/^last: .*outcome unknown/)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('fails what is under way when it closes, and leaves no timer', async () => {
    const { caller, state } = wire()
    const asked = [caller.call('one'), caller.call('two')]
    const refused = asked.map((call) => expect(call).rejects.toThrow(/the worker is closing/))
    caller.close()
    await Promise.all(refused)
    expect(vi.getTimerCount()).toBe(0)
    expect(state.isClosed).toBe(true)
  })
})

describe('back-pressure', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  const fill = ({ caller }: ReturnType<typeof wire>) =>
    Array.from({ length: mostCalls }, (_, index) => caller.call(index).catch((error: Error) => error.message))

  test('refuses a call at once when too many are under way, and sends nothing', async () => {
    const line = wire()
    const calls = fill(line)
    for (let times = 0; times < 3; times += 1)
      await expect(line.caller.call('one more')).rejects.toThrow(
        /too many calls .* under way: .* nothing was asked/,
      )
    expect(line.sent.length).toBe(mostCalls)
    expect(vi.getTimerCount()).toBe(1)
    line.caller.close()
    await Promise.all(calls)
  })

  test('takes another call for each that was answered', async () => {
    const line = wire()
    fill(line)
    line.settle({ kind: 'reply', number: line.sent[7]?.number ?? 0, value: 'seven' })
    const asked = line.caller.call('one more')
    await expect(line.caller.call('two more')).rejects.toThrow(/under way/)
    line.settle({ kind: 'reply', number: line.sent[mostCalls]?.number ?? 0, value: 'more' })
    expect(await asked).toBe('more')
  })

  test('refuses a call also when those that timed out still fill the channel', async () => {
    const line = wire(100)
    const calls = fill(line)
    await vi.advanceTimersByTimeAsync(100)
    expect(new Set(await Promise.all(calls)).size).toBe(1)
    line.state.isFull = true
    await expect(line.caller.call('one more')).rejects.toThrow(/under way: .* nothing was asked/)
    line.state.isFull = false
    const asked = line.caller.call('one more')
    line.settle({ kind: 'reply', number: line.sent[mostCalls]?.number ?? 0, value: 'again' })
    expect(await asked).toBe('again')
  })

  test('gives the place back of a message that could not be sent', async () => {
    const failing = createCaller(() => ({
      send() {
        throw new TypeError('Do not know how to serialize a BigInt')
      },
      isFull: () => false,
      close() {},
    }))
    for (let count = 0; count <= mostCalls; count += 1)
      await expect(failing.call(7n)).rejects.toThrow(/^Do not know how to serialize a BigInt$/)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('refuses calls after it has closed', async () => {
    const { caller, sent } = wire()
    caller.close()
    await expect(caller.call('late')).rejects.toThrow(/the worker is closing/)
    expect(sent).toEqual([])
  })
})

describe('answerCall', () => {
  const call: Call = { kind: 'call', number: 9, message: { verb: 'read' } }
  const answered = (handle: Parameters<typeof answerCall>[1]) =>
    new Promise<Reply>((resolve) => answerCall(call, handle, resolve))

  test('answers with the value of the handler under the same number', async () => {
    const handle = vi.fn(async () => 'K7QX2M')
    expect(await answered(handle)).toEqual({ kind: 'reply', number: 9, value: 'K7QX2M' })
    expect(handle).toHaveBeenCalledExactlyOnceWith({ verb: 'read' })
  })

  test('answers in the same turn when the handler does not have to wait', () => {
    const replies: Reply[] = []
    for (const handle of [() => 'K7QX2M', () => undefined, () => null, undefined])
      answerCall(call, handle, (reply) => replies.push(reply))
    expect(replies.map(({ value, error }) => value ?? error ?? value)).toEqual([
      'K7QX2M',
      undefined,
      null,
      expect.stringMatching(/no half in the primary/),
    ])
  })

  test('answers with the message of what the handler throws, at once or later', async () => {
    const thrown = await answered(() => {
      throw new Error('disk full')
    })
    const rejected = await answered(() => Promise.reject('no words'))
    expect(thrown).toEqual({ kind: 'reply', number: 9, error: 'disk full' })
    expect(rejected).toEqual({ kind: 'reply', number: 9, error: 'no words' })
  })

  for (const [when, handle] of [
    ['at once', () => 7n],
    ['later', async () => 7n],
  ] as const)
    test(`says that a value cannot be sent, which came ${when}`, async () => {
      const reply = await new Promise<Reply>((resolve) =>
        answerCall(call, handle, (told) => {
          JSON.stringify(told)
          resolve(told)
        }),
      )
      expect(reply).toEqual({ kind: 'reply', number: 9, error: expect.stringMatching(/BigInt/) })
    })
})
