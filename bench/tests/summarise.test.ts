import { describe, expect, test } from 'vitest'
import { createLatencies } from '../histogram.js'
import type { Answer } from '../load/exchange.js'
import type { SliceRun } from '../load/generator.js'
import { summarise } from '../load/summarise.js'
import type { Operation, Outcome } from '../slices.js'
import { outcomesOf } from './fixtures.js'

const captcha = { id: 'abcdefghijkl', answer: 'XYZ', issuer: 0, connection: 3, issuedAtMs: 90 }

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
  return { answers, busyUntilMs: 200, unanswered: 0, timedOut: false, ...more }
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

  test('latencies are those of accepted answers', () => {
    const refused = { status: 404, clientUs: 9_000, storeUs: 9_000 }
    const summary = summarise('take', run([answer(), answer({ endMs: 300 }), answer(refused)]))
    expect([countOf(summary.client), countOf(summary.store)]).toEqual([2, 2])
    expect(summary.clientP50Us).toBeCloseTo(1_000, -1)
    expect(summary.storeP50Us).toBeCloseTo(10, 1)
  })

  test('an answer without Server-Timing has a latency at the client alone', () => {
    const summary = summarise('take', run([answer({ storeUs: undefined })]))
    expect([countOf(summary.client), countOf(summary.store), summary.storeP50Us]).toEqual([1, 0, null])
  })

  test('throughput counts answers, whatever they say, from the first to the last while all connections were busy', () => {
    const busy = [100, 120, 140, 160].map((endMs) => answer({ endMs, status: endMs === 120 ? 503 : 200 }))
    const summary = summarise('take', run([...busy, answer({ endMs: 300 })]))
    expect([summary.windowMs, summary.throughput, summary.requests]).toEqual([60, 50, 5])
  })

  test.each([
    ['no answer', []],
    ['one answer', [answer()]],
    ['answers at one moment', [answer(), answer()]],
    ['answers after the connections ran out of work', [answer({ endMs: 201 }), answer({ endMs: 300 })]],
  ])('%s has no throughput instead of infinity', (_what, answers) => {
    expect(summarise('take', run(answers))).toMatchObject({ windowMs: 0, throughput: 0 })
  })

  test.each([
    ['error', false],
    ['timeout', true],
  ] as const)('requests without an answer count as %s', (outcome, timedOut) => {
    const { outcomes, requests } = summarise('take', run([answer()], { unanswered: 3, timedOut }))
    expect(outcomes).toEqual(outcomesOf({ accepted: 1, [outcome]: 3 }))
    expect(requests).toBe(1)
  })

  test('takes are counted by issuer and verifier, in order', () => {
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

  describe('of an open loop', () => {
    const pacing = { rate: 50, sent: 3, late: 1, dropped: 7, lagsMs: [0.3, 0.1, 0.2] }
    const answers = [
      answer({ endMs: 100, sinceDueUs: 1_100 }),
      answer({ endMs: 120, sinceDueUs: 200_000 }),
      answer({ endMs: 140, sinceDueUs: 300_000, status: 404 }),
    ]
    const summary = summarise('take', run(answers, { busyUntilMs: 110, pacing }))

    test('counts latencies from when requests were due, and keeps the uncorrected ones beside them', () => {
      const [client, uncorrected] = [createLatencies(), createLatencies()]
      client.merge(summary.client)
      uncorrected.merge(summary.openLoop?.uncorrected ?? '')
      expect([client.count, uncorrected.count]).toEqual([2, 2])
      expect(client.maxUs()).toBeCloseTo(200_000, -3)
      expect(uncorrected.maxUs()).toBeCloseTo(1_000, -1)
      expect(summary.clientP50Us).toBeCloseTo(1_100, -1)
    })

    test('tells how the pace was kept', () => {
      expect(summary.openLoop).toMatchObject({ rate: 50, sent: 3, late: 1, dropped: 7 })
      expect(summary.openLoop?.pacerLagP99Us).toBeCloseTo(298, 0)
      expect(summary.openLoop).not.toHaveProperty('lagsMs')
    })

    test('counts all answers: under a pace connections need not be busy', () => {
      expect([summary.windowMs, summary.throughput]).toEqual([40, 50])
    })

    test('knows nothing of the pacer where no connection ever stood free', () => {
      const { openLoop } = summarise('take', run(answers, { pacing: { ...pacing, lagsMs: [] } }))
      expect(openLoop?.pacerLagP99Us).toBeNull()
    })

    test('is not there in a closed loop', () => {
      expect('openLoop' in summarise('take', run([answer()]))).toBe(false)
    })
  })

  test('a mistaken run is a void slice with the reason', () => {
    expect(summarise('take', run([answer()], { mistaken: 'a connection was lost' })).void).toBe(
      'a connection was lost',
    )
    expect('void' in summarise('take', run([answer()]))).toBe(false)
  })
})
