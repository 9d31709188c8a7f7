import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { answerCall, type Call, createCaller, mostCalls } from '../call.js'

function wire(timeoutMs?: number) {
  const sent: Call[] = []
  const done: ((error: Error | null) => void)[] = []
  const caller = createCaller((call, finished) => {
    sent.push(call)
    done.push(finished)
  }, timeoutMs)
  return { caller, sent, done }
}

describe('createCaller', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  test('settles each call with the reply of its number, in any order', async () => {
    const { caller, sent } = wire()
    const calls = [caller.call('one'), caller.call('two')]
    expect(sent.map(({ kind, message }) => [kind, message])).toEqual([
      ['call', 'one'],
      ['call', 'two'],
    ])
    for (const { number, message } of sent.toReversed())
      caller.settle({ kind: 'reply', number, value: `re ${message}` })
    expect(await Promise.all(calls)).toEqual(['re one', 're two'])
  })

  test('takes a reply without a value for undefined', async () => {
    const { caller, sent } = wire()
    const asked = caller.call('take')
    caller.settle({ kind: 'reply', number: sent[0]?.number ?? 0 })
    expect(await asked).toBeUndefined()
  })

  test('rejects with the error the primary answered', async () => {
    const { caller, sent } = wire()
    const asked = caller.call('take')
    caller.settle({ kind: 'reply', number: sent[0]?.number ?? 0, error: 'disk full' })
    await expect(asked).rejects.toThrow(/^disk full$/)
  })

  test('says after the time-out that the outcome is unknown, and drops the late reply', async () => {
    const { caller, sent } = wire(250)
    const asked = caller.call('take')
    const refused = expect(asked).rejects.toThrow(/within 250 ms: outcome unknown/)
    await vi.advanceTimersByTimeAsync(249)
    expect(vi.getTimerCount()).toBe(1)
    await vi.advanceTimersByTimeAsync(1)
    await refused
    expect(() => caller.settle({ kind: 'reply', number: sent[0]?.number ?? 0, value: 'late' })).not.toThrow()
    await expect(asked).rejects.toThrow(/outcome unknown/)
  })

  test('never gives a late reply to a later call', async () => {
    const { caller, sent } = wire(100)
    const first = caller.call('first')
    const refused = expect(first).rejects.toThrow(/outcome unknown/)
    await vi.advanceTimersByTimeAsync(100)
    await refused
    const second = caller.call('second')
    for (const { number, message } of sent) caller.settle({ kind: 'reply', number, value: message })
    expect(await second).toBe('second')
  })

  test('waits five seconds unless told otherwise', async () => {
    const { caller } = wire()
    const refused = expect(caller.call('take')).rejects.toThrow(/within 5000 ms/)
    await vi.advanceTimersByTimeAsync(5_000)
    await refused
  })

  test('rejects when the message cannot be handed over', async () => {
    const { caller, done } = wire()
    const asked = caller.call('issue')
    done[0]?.(new Error('channel closed'))
    await expect(asked).rejects.toThrow(/cannot be reached: channel closed/)
  })

  test('keeps waiting when the message was handed over', async () => {
    const { caller, sent, done } = wire()
    const asked = caller.call('issue')
    done[0]?.(null)
    caller.settle({ kind: 'reply', number: sent[0]?.number ?? 0, value: 7 })
    expect(await asked).toBe(7)
  })

  test('fails what is under way when it closes, and leaves no timer', async () => {
    const { caller } = wire()
    const asked = [caller.call('one'), caller.call('two')]
    const refused = asked.map((call) => expect(call).rejects.toThrow(/the worker is closing/))
    caller.close()
    await Promise.all(refused)
    expect(vi.getTimerCount()).toBe(0)
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
        /1024 calls .* under way: .* nothing was asked/,
      )
    expect(line.sent.length).toBe(mostCalls)
    expect(vi.getTimerCount()).toBe(mostCalls)
    line.caller.close()
    await Promise.all(calls)
  })

  test('takes another call for each that was answered', async () => {
    const line = wire()
    fill(line)
    line.done[7]?.(null)
    line.caller.settle({ kind: 'reply', number: line.sent[7]?.number ?? 0, value: 'seven' })
    const asked = line.caller.call('one more')
    await expect(line.caller.call('two more')).rejects.toThrow(/under way/)
    line.caller.settle({ kind: 'reply', number: line.sent[mostCalls]?.number ?? 0, value: 'more' })
    expect(await asked).toBe('more')
  })

  test('counts a message that is still in the queue after its call has timed out', async () => {
    const line = wire(100)
    const calls = fill(line)
    await vi.advanceTimersByTimeAsync(100)
    expect(new Set(await Promise.all(calls)).size).toBe(1)
    await expect(line.caller.call('one more')).rejects.toThrow(/under way/)
    for (const finished of line.done) finished(null)
    const asked = line.caller.call('one more')
    line.caller.settle({ kind: 'reply', number: line.sent[mostCalls]?.number ?? 0, value: 'again' })
    expect(await asked).toBe('again')
  })

  test('gives the place back of a message that could not be sent', async () => {
    const failing = createCaller(() => {
      throw new TypeError('Do not know how to serialize a BigInt')
    })
    for (let count = 0; count <= mostCalls; count += 1)
      await expect(failing.call(7n)).rejects.toThrow(/serialize a BigInt/)
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

  test('answers with the value of the handler under the same number', async () => {
    const handle = vi.fn(async () => 'K7QX2M')
    expect(await answerCall(call, handle)).toEqual({ kind: 'reply', number: 9, value: 'K7QX2M' })
    expect(handle).toHaveBeenCalledExactlyOnceWith({ verb: 'read' })
  })

  test('answers with the message of what the handler throws, at once or later', async () => {
    const thrown = await answerCall(call, () => {
      throw new Error('disk full')
    })
    const rejected = await answerCall(call, () => Promise.reject('no words'))
    expect(thrown).toEqual({ kind: 'reply', number: 9, error: 'disk full' })
    expect(rejected).toEqual({ kind: 'reply', number: 9, error: 'no words' })
  })

  test('answers also when there is no handler', async () => {
    const reply = await answerCall(call, undefined)
    expect(reply.error).toMatch(/no half in the primary/)
  })
})
