import { describe, expect, test } from 'vitest'
import { createLatencies } from '../histogram.js'

function recorded(values: readonly number[]) {
  const latencies = createLatencies()
  for (const us of values) latencies.record(us)
  return latencies
}

const thousand = Array.from({ length: 1_000 }, (_, index) => (index + 1) * 3.7)

describe('latencies', () => {
  test.each([0.001, 0.5, 0.9, 0.99, 0.999, 1])(
    'quantile %d is within 0.1 %% of the sorted sample',
    (share) => {
      const expected = thousand[Math.ceil(share * thousand.length) - 1] ?? 0
      const found = recorded(thousand).quantileUs(share) ?? 0
      expect(Math.abs(found / expected - 1)).toBeLessThanOrEqual(0.001)
    },
  )

  test.each([0.001, 0.05, 0.4, 1, 37, 99_000, 2.5e6])('a latency of %d µs comes back within 0.1 %%', (us) => {
    const latencies = recorded([us])
    for (const found of [latencies.quantileUs(0.5), latencies.maxUs()])
      expect(Math.abs((found ?? 0) / us - 1)).toBeLessThanOrEqual(0.001)
  })

  test('latencies below a nanosecond and above two minutes are kept at the ends of the scale', () => {
    expect(recorded([0]).quantileUs(0.5)).toBe(0.001)
    expect((recorded([1e12]).maxUs() ?? 0) / 120e6).toBeCloseTo(1, 2)
  })

  test('nothing recorded is null, not zero', () => {
    const latencies = createLatencies()
    expect([latencies.quantileUs(0.5), latencies.maxUs(), latencies.count]).toEqual([null, null, 0])
  })

  test('merging encoded parts gives what recording everything in one would have given', () => {
    const merged = createLatencies()
    for (let part = 0; part < 4; part += 1)
      merged.merge(recorded(thousand.slice(part * 250, (part + 1) * 250)).encode())
    const whole = recorded(thousand)
    expect(merged.count).toBe(1_000)
    expect((merged.maxUs() ?? 0) / (whole.maxUs() ?? 0)).toBeCloseTo(1, 3)
    for (const share of [0.01, 0.5, 0.99]) expect(merged.quantileUs(share)).toBe(whole.quantileUs(share))
  })

  test('merging an empty histogram changes nothing', () => {
    const latencies = recorded([5])
    latencies.merge(createLatencies().encode())
    expect(latencies.count).toBe(1)
    expect(latencies.quantileUs(0.5)).toBeCloseTo(5, 1)
  })

  test('the encoding does not depend on the order of the parts', () => {
    const [a, b] = [recorded([1, 2, 3]).encode(), recorded([400, 5_000]).encode()]
    const merge = (parts: readonly string[]) => {
      const latencies = createLatencies()
      for (const part of parts) latencies.merge(part)
      return latencies.encode()
    }
    expect(merge([a, b])).toBe(merge([b, a]))
  })
})
