import { describe, expect, test } from 'vitest'
import type { Address, Addresses } from '../load/address.js'
import { inTurn } from '../load/address.js'
import { createDeal } from '../load/deal.js'
import { seededRandom } from '../statistics.js'

function address(workers: readonly number[]): Address {
  return { endpoint: `http://127.0.0.1:${workers[0]}`, instance: 'this-start', workers, first: 0 }
}

/** Opens connections, to workers drawn at random, until so many may stay. @returns those of each worker */
function dealt(addresses: Addresses, size: number, seed: number): readonly number[] {
  const deal = createDeal(addresses, size)
  const random = seededRandom(seed)
  const counts = new Map(addresses.flatMap(({ workers }) => workers.map((worker) => [worker, 0])))
  for (let index = 0; index < size; ) {
    const to = inTurn(addresses, index)
    const worker = to.workers[Math.floor(random() * to.workers.length)] ?? 0
    if (!deal.accept(to, worker)) continue
    counts.set(worker, (counts.get(worker) ?? 0) + 1)
    index += 1
  }
  return [...counts.values()]
}

const seeds = Array.from({ length: 20 }, (_, index) => index)

describe('a deal of connections', () => {
  const four = address([0, 1, 2, 3])

  test('gives every worker as many, in whatever order they come', () => {
    for (const seed of seeds) expect(dealt([four], 8, seed)).toEqual([2, 2, 2, 2])
  })

  test.each([1, 3, 5, 6, 7, 63])('of %d differs by at most one between workers', (size) => {
    for (const seed of seeds) {
      const counts = dealt([four], size, seed)
      expect(counts.reduce((sum, count) => sum + count, 0)).toBe(size)
      expect(Math.max(...counts) - Math.min(...counts)).toBe(size % 4 === 0 ? 0 : 1)
    }
  })

  test('leaves the ones over to those that come first', () => {
    const deal = createDeal([four], 5)
    expect([2, 2, 2, 1, 1, 0, 3].map((worker) => deal.accept(four, worker))).toEqual([
      true,
      true,
      false,
      true,
      false,
      true,
      true,
    ])
  })

  test('is one for each address: hosts get as many, and on each host its workers', () => {
    for (const seed of seeds) {
      expect(dealt([address([0, 1]), address([2, 3])], 8, seed)).toEqual([2, 2, 2, 2])
      expect(dealt([address([0, 1]), address([2, 3])], 7, seed).toSorted()).toEqual([1, 2, 2, 2])
    }
  })

  test('lets every connection to a thread stay: it has an address of its own', () => {
    const threads: Addresses = [address([0]), address([1]), address([2])]
    const deal = createDeal(threads, 8)
    for (let index = 0; index < 8; index += 1) {
      const to = inTurn(threads, index)
      expect(deal.accept(to, to.workers[0] ?? 0)).toBe(true)
    }
  })
})
