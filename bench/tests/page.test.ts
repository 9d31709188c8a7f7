import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { parseResults, toResults } from '../judge.js'
import { page } from '../report/html.js'
import { againstText } from '../report/rebase.js'
import { type Format, shownAt } from '../report/shown.js'
import type { Results } from '../results.js'
import { exampleResults, pacedRun } from './fixtures.js'
import { fullResults, hostileNames, hostileResults, manyResults, withStrategies } from './page.fixtures.js'
import { scalingRun } from './scaling.fixtures.js'

const results = fullResults()
const many = manyResults(15)
const hostile = hostileResults()
const pages = new Map<Results, string>()

/** Drawn once: the slowest part of these tests. */
function drawn(run: Results): string {
  const text = pages.get(run) ?? page(run)
  pages.set(run, text)
  return text
}

const text = drawn(results)

interface Figure {
  readonly path: string
  readonly format: Format
  readonly shown: string
}

const figurePattern =
  /<span class="n"(?: data-ratio="\d+")? data-path="([^"]*)" data-format="([^"]*)">([^<]*)<\/span>/g

function figuresIn(html: string): readonly Figure[] {
  return Array.from(html.matchAll(figurePattern), ([, path = '', format = '', shown = '']) => ({
    path,
    format: format as Format,
    shown,
  }))
}

function dataIn(html: string) {
  const [, json = ''] = /<script type="application\/json" id="data">(.*?)<\/script>/s.exec(html) ?? []
  return JSON.parse(json) as {
    readonly names: readonly string[]
    readonly baseline: number
    readonly baselines: readonly number[]
    readonly texts: readonly (readonly string[])[]
  }
}

const runs: readonly (readonly [string, Results])[] = [
  ['of everything', results],
  ['of hand-made slices', exampleResults()],
  ['at a pace', toResults(pacedRun())],
  ['at a pace that was not kept', toResults(pacedRun(10))],
  ['of the scaling study alone', toResults(scalingRun())],
  ['of fifteen strategies', many],
  ['with hostile names', hostile],
]

describe.each(runs)('the page of a run %s', (_title, run) => {
  const own = drawn(run)

  test('shows every figure as results.json has it', () => {
    const figures = figuresIn(own)
    expect(figures.length).toBeGreaterThan(10)
    for (const { path, format, shown } of figures)
      expect({ path, shown }).toEqual({ path, shown: shownAt(run, path, format) })
  })

  test('has no digit in a cell of figures that does not say where it stands', () => {
    const cells = Array.from(
      own.matchAll(/<td class="(?:figure|h\d)">(.*?)<\/td>/gs),
      ([, cell = '']) => cell,
    )
    expect(cells.length).toBeGreaterThan(0)
    for (const cell of cells) {
      const bare = cell
        .replaceAll(figurePattern, '')
        .replaceAll(/<span class="n" data-ratio="\d+">1<\/span>/g, '')
      expect(bare.replaceAll(/<[^>]*>/g, '')).not.toMatch(/\d/)
    }
  })

  test('has no trace of a missing value', () => {
    expect(own.replaceAll(/<script>.*?<\/script>/gs, '')).not.toMatch(
      /undefined|NaN|Infinity|\[object|>null</,
    )
  })

  test('links to every section it has and to no other', () => {
    const [, nav = ''] = /<nav[^>]*>(.*?)<\/nav>/s.exec(own) ?? []
    const links = Array.from(nav.matchAll(/href="#([^"]+)"/g), ([, id]) => id)
    expect(links).toEqual(Array.from(own.matchAll(/<section id="([^"]+)"/g), ([, id]) => id))
    expect(links.length).toBeGreaterThan(4)
  })
})

describe('the page', () => {
  test('is the same for the same results, whatever was drawn before', () => {
    expect(page(structuredClone(results))).toBe(text)
  })

  test('fetches nothing and runs nothing but its own script', () => {
    const digest = (part: string) => `'sha256-${createHash('sha256').update(part).digest('base64')}'`
    const [, policy = ''] = /Content-Security-Policy" content="([^"]*)"/.exec(text) ?? []
    const [, script = ''] = /<script>(.*?)<\/script>/s.exec(text) ?? []
    const [, style = ''] = /<style>(.*?)<\/style>/s.exec(text) ?? []
    expect(policy.replaceAll('&#39;', "'").split('; ')).toEqual([
      "default-src 'none'",
      `style-src ${digest(style)}`,
      `script-src ${digest(script)}`,
      'img-src data:',
      "base-uri 'none'",
      "form-action 'none'",
    ])
    expect(text).not.toMatch(/ style="| on\w+="|(?:src|href)="(?!#|data:)|url\(/)
  })

  test('of fifteen strategies is smaller than 1.5 MB', () => {
    expect(Buffer.byteLength(drawn(many))).toBeLessThan(1_500_000)
  })

  test('gives every picture a text alternative', () => {
    const pictures = text.match(/<svg[^>]*>/g) ?? []
    expect(pictures.length).toBeGreaterThan(50)
    for (const picture of pictures) expect(picture).toMatch(/aria-label="[^"]+"|aria-hidden="true"/)
  })

  test('draws a timeline with two lanes for the exhibits and for the baseline that loses hand-offs', () => {
    const cards = text.split('<article class="card"').slice(1)
    expect(cards.length).toBeGreaterThan(3)
    expect(cards[0]).toContain('<bdi class="name">memory</bdi>')
    expect(cards[0]?.match(/class="lane"/g)).toHaveLength(2)
    expect(cards[0]).toContain('→ unknown')
  })

  test('keeps its figures where a histogram cannot be read', () => {
    const doctored = withStrategies(results, (strategy) =>
      strategy.timing === undefined
        ? strategy
        : { ...strategy, timing: strategy.timing.map((row) => ({ ...row, histogram: 'nonsense' })) },
    )
    const own = page(doctored)
    expect(own).toContain('its histogram cannot be read')
    expect(figuresIn(own)).toHaveLength(figuresIn(text).length)
  })

  test('leaves matrices of many workers to results.json', () => {
    const matrix = Array.from({ length: 64 }, () =>
      Array.from({ length: 64 }, () => ({ attempts: 2, failures: 1 })),
    )
    const wide = withStrategies(results, (strategy) =>
      strategy.correctness === undefined
        ? strategy
        : { ...strategy, correctness: { ...strategy.correctness, matrix } },
    )
    const own = page(wide)
    expect(own).toContain('Not drawn, of more than 8 workers')
    expect(Buffer.byteLength(own)).toBeLessThan(1_500_000)
  })
})

describe('ratios against another baseline', () => {
  const { names, baselines, baseline, texts } = dataIn(text)
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
    const figure = (value: number) => value.toFixed(2)
    expect(told('hybrid', 'sqlite')).toMatch(
      `${figure(above.value / below.value)} [${figure(above.low / below.high)}, ${figure(above.high / below.low)}]`,
    )
  })

  test('are turned over for the run’s baseline and 1 for the chosen one', () => {
    const { value, low, high } = ofTakes('sqlite')
    const figure = (number: number) => number.toFixed(2)
    expect(told('memory', 'sqlite')).toContain(
      `${figure(1 / value)} [${figure(1 / high)}, ${figure(1 / low)}]`,
    )
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

describe('a hostile run', () => {
  const run = hostile
  const own = drawn(run)

  test('injects no element', () => {
    expect(own).not.toMatch(/<(?:img|b )|<!--|<!\[CDATA/)
    expect(own.match(/<script/g)).toHaveLength(2)
    expect(own.match(/<\/script>/g)).toHaveLength(2)
  })

  test('comes back from the data block as it was named', () => {
    const { names } = dataIn(own)
    expect(names).toEqual(run.strategies.map(({ name }) => name))
    for (const worst of hostileNames) expect(names.some((name) => name.startsWith(worst))).toBe(true)
    expect(own.slice(own.indexOf('id="data"'))).not.toMatch(/[\u2028\u2029]/)
  })

  test('with half a surrogate pair still has names an address can carry', () => {
    const halved = withStrategies(results, (strategy) => ({ ...strategy, name: `${strategy.name}\ud83d` }))
    for (const name of dataIn(page(halved)).names) expect(() => encodeURIComponent(name)).not.toThrow()
  })
})

describe('doctored results', () => {
  const json = JSON.stringify(results)

  test.each([
    ['NaN', json.replace(/"p50Us":[\d.]+/, '"p50Us":NaN'), /expected JSON/],
    ['a rate that is null', json.replace(/"rate":[\d.]+/, '"rate":null'), /at \/strategies\/0\/correctness/],
    ['a rate above 1', json.replace(/"rate":[\d.]+/, '"rate":1.5'), /at \/strategies\/0\/correctness/],
    ['no strategies', json.replace('"strategies":', '"strategy":'), /results.json: expected/],
    [
      'a baseline that is no strategy',
      json.replace('"baseline":"memory","launches"', '"baseline":"gone","launches"'),
      /expected "gone" among its strategies/,
    ],
    ['a strategy twice', json.replace('{"name":"file",', '{"name":"memory",'), /every strategy once/],
    [
      'a recommendation of nobody',
      json.replace('"strategy":"sqlite"', '"strategy":"ghost"'),
      /expected "ghost"/,
    ],
  ])('with %s are refused in one line', (_what, doctored, reason) => {
    expect(doctored).not.toBe(json)
    expect(() => parseResults(doctored)).toThrow(reason)
    try {
      parseResults(doctored)
    } catch (error) {
      expect(String(error)).not.toContain('\n')
    }
  })
})
