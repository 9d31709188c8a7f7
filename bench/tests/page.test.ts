import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { parseResults, toResults } from '../judge.js'
import { page } from '../report/html.js'
import { type Format, shownAt } from '../report/shown.js'
import type { Results } from '../results.js'
import { comparedResults } from './comparison.fixtures.js'
import { exampleResults, pacedRun } from './fixtures.js'
import {
  dataOf,
  fullResults,
  gatedResults,
  hostileNames,
  hostileResults,
  manyResults,
  withStrategies,
} from './page.fixtures.js'
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

const runs: readonly (readonly [string, Results])[] = [
  ['of everything', results],
  ['of hand-made slices', exampleResults()],
  ['at a pace', toResults(pacedRun())],
  ['at a pace that was not kept', toResults(pacedRun(10))],
  ['of two versions', comparedResults()],
  ['of two versions at a pace', comparedResults({ rate: 800 })],
  ['of the scaling study alone', toResults(scalingRun())],
  ['of fifteen strategies', many],
  ['with hostile names', hostile],
  ['with gates beside an earlier run', gatedResults()],
  ['with all of that and hostile names', gatedResults(hostile)],
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

describe('a hostile run', () => {
  const run = hostile
  const own = drawn(run)

  test('injects no element', () => {
    expect(own).not.toMatch(/<(?:img|b )|<!--|<!\[CDATA/)
    expect(own.match(/<script/g)).toHaveLength(2)
    expect(own.match(/<\/script>/g)).toHaveLength(2)
  })

  test('comes back from the data block as it was named', () => {
    const { names } = dataOf(own)
    expect(names).toEqual(run.strategies.map(({ name }) => name))
    for (const worst of hostileNames) expect(names.some((name) => name.startsWith(worst))).toBe(true)
    expect(own.slice(own.indexOf('id="data"'))).not.toMatch(/[\u2028\u2029]/)
  })

  test('with half a surrogate pair still has names an address can carry', () => {
    const halved = withStrategies(results, (strategy) => ({ ...strategy, name: `${strategy.name}\ud83d` }))
    for (const name of dataOf(page(halved)).names) expect(() => encodeURIComponent(name)).not.toThrow()
  })
})

describe('doctored results', () => {
  const json = JSON.stringify(results)

  test.each([
    ['NaN', JSON.stringify(results, null, 1).replace(/"p50Us": [\d.]+/, '"p50Us": NaN'), /expected JSON/],
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
