import { describe, expect, test } from 'vitest'
import { ratioText } from '../report/format.js'
import { page } from '../report/html.js'
import { againstText } from '../report/rebase.js'
import { dataOf, fullResults } from './page.fixtures.js'

const results = fullResults()
const text = page(results)

describe('ratios against another baseline', () => {
  const { names, baselines, baseline, texts } = dataOf(text)
  const strategyAt = (place: number) => {
    const found = results.strategies[place]
    if (found === undefined) throw new Error(`expected a strategy at ${place}`)
    return found
  }
  const takes = { operation: 'take', source: 'client', metric: 'throughput' } as const
  const ofTakes = (name: string) =>
    strategyAt(names.indexOf(name))
      .timing?.find(({ operation, source }) => operation === 'take' && source === 'client')
      ?.ratios.find(({ metric }) => metric === 'throughput') ?? { value: 0, low: 0, high: 0 }
  const told = (own: string, other: string) =>
    againstText(results, strategyAt(names.indexOf(own)), strategyAt(names.indexOf(other)), takes)

  test('are offered for every strategy that was timed', () => {
    expect(baselines.map((place) => names[place])).toEqual(
      results.strategies.filter(({ skipped }) => skipped === undefined).map(({ name }) => name),
    )
    expect(names[baseline]).toBe(results.run.baseline)
    expect(new Set(texts.map((row) => row.length)).size).toBe(1)
  })

  test('are the run’s own against its baseline', () => {
    const own = texts[baselines.indexOf(baseline)] ?? []
    const shown = Array.from(
      text.matchAll(/<span class="n" data-ratio="(\d+)"[^>]*>([^<]*)<\/span>/g),
      ([, cell, figure]) => [Number(cell), figure] as const,
    )
    expect(shown.length).toBeGreaterThan(50)
    for (const [cell, figure] of shown) expect(own[cell]).toBe(figure)
  })

  test('are quotients whose intervals are added as logs', () => {
    const [above, below] = [ofTakes('hybrid'), ofTakes('sqlite')]
    const quotient = {
      value: above.value / below.value,
      low: above.low / below.high,
      high: above.high / below.low,
    }
    expect(told('hybrid', 'sqlite').startsWith(`${ratioText(quotient)} `)).toBe(true)
  })

  test('are turned over for the run’s baseline and 1 for the chosen one', () => {
    const { value, low, high } = ofTakes('sqlite')
    const turned = { value: 1 / value, low: 1 / high, high: 1 / low }
    expect(told('memory', 'sqlite').startsWith(`${ratioText(turned)} `)).toBe(true)
    expect(told('sqlite', 'sqlite')).toBe('1')
  })

  test('call only those different whose interval excludes 1', () => {
    for (const row of texts)
      for (const cell of row) {
        const [, low, high, mark] = /\[([\d.]+), ([\d.]+)\] (.)$/.exec(cell) ?? []
        if (mark === '▲' || mark === '▼') expect(Number(low) <= 0.99 && Number(high) >= 1.01).toBe(false)
      }
  })

  test('are – where there is nothing to compare', () => expect(told('absent', 'sqlite')).toBe('–'))
})
