import { expect, test } from 'vitest'
import { withPatience } from '../correctness/patience.js'
import type { Completion } from '../history.js'
import type { RecordedClient } from '../load/recorded-client.js'

const answered: Completion = { kind: 'ok', op: 0, atMs: 0, result: 'accepted' }
const late: Completion = { kind: 'info', op: 0, atMs: 0, result: 'none', reason: 'no answer within 10000 ms' }
const reset: Completion = { kind: 'info', op: 0, atMs: 0, result: 'none', reason: 'ECONNRESET' }

/** What is said of a client of two connections whose requests to take come to this, one after another. */
async function saidOf(
  completions: readonly (Completion | undefined)[],
  between?: Completion,
): Promise<readonly string[]> {
  const left = [...completions]
  const said: string[] = []
  const client: RecordedClient = {
    workers: 1,
    connections: 2,
    acquire: () => Promise.resolve(undefined),
    acquireAll: () => Promise.resolve(undefined),
    crowd: () => 0,
    release: () => undefined,
    run: (_worker, { verb }) => Promise.resolve(verb === 'read' ? between : left.shift()),
    moveTo: () => undefined,
    balanced: () => Promise.resolve(true),
    [Symbol.dispose]: () => undefined,
  }
  const patient = withPatience(client, (reason) => void said.push(reason))
  while (left.length > 0) {
    await patient.run(0, { verb: 'take', id: 'x', answer: 'y' })
    if (between !== undefined) await patient.run(0, { verb: 'read', id: 'x' })
  }
  return said
}

test('patience ends once, when every connection has waited twice in vain', async () => {
  expect(await saidOf([late, late, late])).toEqual([])
  expect(await saidOf([late, late, late, late, late, late, late, late, late])).toEqual([
    '4 requests in a row to take had no answer: no answer within 10000 ms',
  ])
})

test('a connection that is not to be had is a wait in vain', async () => {
  expect(await saidOf([undefined, undefined, undefined, undefined])).toEqual([
    '4 requests in a row to take had no answer: no worker took a connection',
  ])
})

test('an answer gives new patience, one to another kind of request does not', async () => {
  expect(await saidOf([late, late, late, answered, late, late, late])).toEqual([])
  expect(await saidOf([late, late, late, late], answered)).toHaveLength(1)
})

test('a crash neither ends patience nor gives it', async () => {
  expect(await saidOf([reset, reset, reset, reset, reset])).toEqual([])
  expect(await saidOf([late, late, reset, late, late])).toHaveLength(1)
})
