import { describe, expect, test } from 'vitest'
import { createLatencies } from '../histogram.js'
import type { Answer } from '../load/exchange.js'
import type { SliceRun } from '../load/generator.js'
import { summarise } from '../load/summarise.js'
import type { Operation, Outcome } from '../slices.js'
import { outcomesOf } from './fixtures.js'

const captcha = { id: 'abcdefghijkl', answer: 'XYZ', issuer: 0, issuedAtMs: 90 }

function answer(more: Partial<Answer> = {}): Answer {
  return {
    connection: 0,
    worker: 1,
    status: 200,
    endMs: 150,
    clientUs: 1_000,
    storeUs: 10,
    captcha,
    ...more,
  }
}

function run(answers: readonly Answer[], more: Partial<SliceRun> = {}): SliceRun {
  return { answers, window: [100, 200], ...more }
}

function countOf(encoded: string): number {
  const latencies = createLatencies()
  latencies.merge(encoded)
  return latencies.count
}

describe('summary of a slice', () => {
  test.each<[Operation, number, Outcome]>([
    ['write', 201, 'accepted'],
    ['write', 200, 'unexpected'],
    ['write', 503, 'unavailable'],
    ['write', 500, 'unexpected'],
    ['read', 200, 'accepted'],
    ['read', 404, 'unknown'],
    ['read', 503, 'unavailable'],
    ['read', 400, 'unexpected'],
    ['take', 200, 'accepted'],
    ['take', 403, 'wrong'],
    ['take', 404, 'unknown'],
    ['take', 503, 'unavailable'],
    ['take', 201, 'unexpected'],
    ['take', 400, 'unexpected'],
  ])('%s answered %d is %s', (operation, status, outcome) => {
    const { outcomes, requests } = summarise(operation, run([answer({ status })]))
    expect(outcomes).toEqual(outcomesOf({ [outcome]: 1 }))
    expect(requests).toBe(1)
  })

  test('latencies are those of accepted answers inside the window', () => {
    const answers = [
      answer({ endMs: 100, clientUs: 1, storeUs: 1 }),
      answer({ endMs: 110 }),
      answer({ endMs: 200 }),
      answer({ endMs: 200.1, clientUs: 9_000, storeUs: 9_000 }),
      answer({ endMs: 150, status: 404, clientUs: 9_000, storeUs: 9_000 }),
    ]
    const summary = summarise('take', run(answers))
    expect([countOf(summary.client), countOf(summary.store)]).toEqual([2, 2])
    for (const us of [summary.clientP50Us, summary.clientP99Us]) expect(us).toBeCloseTo(1_000, -1)
    for (const us of [summary.storeP50Us, summary.storeP99Us]) expect(us).toBeCloseTo(10, 1)
  })

  test('an answer without Server-Timing has a latency at the client alone', () => {
    const summary = summarise('take', run([answer({ storeUs: undefined })]))
    expect([countOf(summary.client), countOf(summary.store), summary.storeP50Us]).toEqual([1, 0, null])
  })

  test('throughput counts every answer inside the window, whatever it says', () => {
    const inside = [answer(), answer({ status: 404 }), answer({ status: 503 })]
    const summary = summarise('take', run([...inside, answer({ endMs: 300 })]))
    expect(summary.windowMs).toBe(100)
    expect(summary.throughput).toBe(30)
    expect(summary.requests).toBe(4)
  })

  test('an empty window has no throughput instead of infinity', () => {
    expect(summarise('take', run([answer()], { window: [100, 100] })).throughput).toBe(0)
    expect(summarise('take', run([], { window: [100, 90] }))).toMatchObject({ windowMs: 0, throughput: 0 })
  })

  test('takes are counted by issuer and verifier, in order, outside the window too', () => {
    const by = (issuer: number, worker: number, status = 200) =>
      answer({ worker, status, captcha: { ...captcha, issuer }, endMs: 500 })
    const { pairs } = summarise('take', run([by(1, 0), by(0, 1, 404), by(0, 1), by(0, 0), by(1, 0, 403)]))
    expect(pairs).toEqual([
      { issuer: 0, verifier: 0, attempts: 1, failures: 0 },
      { issuer: 0, verifier: 1, attempts: 2, failures: 1 },
      { issuer: 1, verifier: 0, attempts: 2, failures: 1 },
    ])
  })

  test('503 is a failure of the take: the person who solved it was refused', () => {
    expect(summarise('take', run([answer({ status: 503 })])).pairs).toEqual([
      { issuer: 0, verifier: 1, attempts: 1, failures: 1 },
    ])
  })

  test.each<Operation>(['write', 'read'])('%s has neither pairs nor witness', (operation) => {
    const summary = summarise(operation, run([answer({ status: 404 })]))
    expect(summary.pairs).toEqual([])
    expect('witness' in summary).toBe(false)
  })

  test('the witness is a failing take, told without its whole id', () => {
    const { witness } = summarise('take', run([answer(), answer({ status: 404, endMs: 170 })]))
    expect(witness).toEqual({ id: 'abcdefgh', issuer: 0, verifier: 1, outcome: 'unknown', afterMs: 80 })
  })

  test('there is no witness when every take was accepted', () => {
    expect('witness' in summarise('take', run([answer()]))).toBe(false)
  })

  test('a mistaken run is a void slice with the reason', () => {
    expect(summarise('take', run([answer()], { mistaken: 'a connection was lost' })).void).toBe(
      'a connection was lost',
    )
    expect('void' in summarise('take', run([answer()]))).toBe(false)
  })
})
