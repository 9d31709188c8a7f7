import { describe, expect, test } from 'vitest'
import { toResults } from '../judge.js'
import { duration, percent, perSecond, ratioText } from '../report/format.js'
import { formats } from '../report/formats.js'
import { markdown } from '../report/markdown.js'
import { marker, summary } from '../report/summary.js'
import type { Results } from '../results.js'
import { comparedResults } from './comparison.fixtures.js'
import { exampleResults, pacedRun } from './fixtures.js'
import { fullResults, gatedResults, hostileResults, manyResults, withStrategies } from './page.fixtures.js'

const results = fullResults()

/** Every way a number of results.json may be told. */
function tellingsOf(run: Results): ReadonlySet<string> {
  const numbers: number[] = []
  JSON.stringify(run, (_key, value) => {
    if (typeof value === 'number') numbers.push(value)
    return value
  })
  const sums = run.strategies.map(({ timing = [] }) =>
    timing
      .filter(({ source }) => source === 'client')
      .reduce((sum, { cpuUsPerOp }) => sum + (cpuUsPerOp ?? 0), 0),
  )
  const shares = run.strategies.flatMap(({ timing = [] }) =>
    timing.flatMap(({ openLoop }) =>
      openLoop === undefined
        ? []
        : [openLoop.late / openLoop.sent, openLoop.dropped / (openLoop.sent + openLoop.dropped)],
    ),
  )
  return new Set(
    [...numbers, ...sums, ...shares].flatMap((value) => [
      String(value),
      value.toLocaleString('en'),
      duration(value),
      duration(value / 1_000),
      percent(value),
      perSecond(value),
      ratioText({ value, low: 1, high: 1 }).split(' ')[0] ?? '',
    ]),
  )
}

/** Of tables, without heads and names. */
function cellsIn(report: string): readonly string[] {
  const lines = report.split('\n').filter((line) => line.startsWith('| '))
  const heads = new Set(
    report.split('\n').flatMap((line, index, all) => (line.startsWith('|---') ? [all[index - 1] ?? ''] : [])),
  )
  return lines
    .filter((line) => !heads.has(line))
    .flatMap((line) =>
      line
        .replaceAll(/&#\d+;|\bp\d+(?:Us)?\b/g, '')
        .split('|')
        .slice(2, -1),
    )
}

describe.each([
  ['report.md', markdown],
  ['summary.md', summary],
] as const)('every number in the tables of %s', (_name, format) => {
  test.each([
    ['everything', results],
    ['hand-made slices', exampleResults()],
    ['a pace', toResults(pacedRun())],
    ['two versions', comparedResults({ maxSlowdown: 0.05 })],
    ['gates beside an earlier run', gatedResults()],
  ] as const)('is one of results.json, to the precision shown, in a run of %s', (_title, run) => {
    const known = tellingsOf(run)
    const numbers = cellsIn(format(run)).flatMap((cell) =>
      Array.from(cell.matchAll(/\d[\d,.]*\d|\d/g), ({ 0: digits, index }) => ({ cell, digits, index })),
    )
    expect(numbers.length).toBeGreaterThan(20)
    for (const { cell, digits, index } of numbers) {
      const after = cell.slice(index + digits.length)
      const [unit = ''] = /^(?: (?:µs|ms|s|%)(?![a-z])|\/s)/.exec(after) ?? []
      expect({ cell, told: [digits + unit, digits].some((telling) => known.has(telling)) }).toEqual({
        cell,
        told: true,
      })
    }
  })
})

describe('summary.md', () => {
  test('begins with its marker, then the verdict', () => {
    const [first, title, , verdict] = summary(results).split('\n')
    expect([first, title]).toEqual([marker, `# crossworker: ${results.run.id}`])
    expect(verdict).toMatch(/^- \*\*memory\*\*.* refused/)
  })

  test('is the same for the same results', () =>
    expect(summary(structuredClone(results))).toBe(summary(results)))

  test('of an ordinary run leaves nothing out', () => {
    expect(summary(manyResults(15))).not.toContain('Left out')
    for (const title of [
      'The ladder',
      'Verification failures',
      'Latencies',
      'Machine',
      'Controls',
      'Findings',
    ])
      expect(summary(results)).toContain(`## ${title}`)
  })

  test.each([
    ['five hundred strategies', bare(manyResults(500))],
    [
      'names of ten thousand letters',
      withStrategies(results, (strategy) => ({ ...strategy, name: `${strategy.name}${'<|'.repeat(5_000)}` })),
    ],
    [
      'five hundred reasons',
      withStrategies(bare(manyResults(500)), ({ name, summary: words, claims }) => ({
        ...{ name, summary: words, claims },
        skipped: 'no such library '.repeat(100),
      })),
    ],
    ['findings without end', { ...results, findings: manyFindings(5_000) }],
  ])('stays under 64 000 characters with %s, and says what is missing', (_title, run) => {
    const told = summary(run)
    expect(told.length).toBeLessThan(64_000)
    expect(told).toMatch(/Left out, to stay under 64,000 characters: |… and \d+ more/)
    expect(told.startsWith(marker)).toBe(true)
    expect(told.trimEnd().endsWith('The whole report: report.html and report.md of this run.')).toBe(true)
  })

  test('injects no markup', () => {
    for (const run of [hostileResults(), gatedResults(hostileResults())])
      for (const told of [summary(run), markdown(run)])
        expect(told.replace(marker, '')).not.toMatch(/<(?:img|script|b |!--)/)
  })
})

/** The summary draws nothing. */
function bare(run: Results): Results {
  return withStrategies(run, (strategy) =>
    strategy.timing === undefined
      ? strategy
      : { ...strategy, timing: strategy.timing.map((row) => ({ ...row, histogram: '' })) },
  )
}

function manyFindings(count: number): Results['findings'] {
  return Array.from({ length: count }, (_, index) => ({
    claim: `Claim ${index}.`,
    measured: 'Nothing.',
    verdict: 'undecided' as const,
  }))
}

describe('the table of formats', () => {
  const pictures = Object.entries(formats).filter(([name]) => name.endsWith('.svg'))

  test('gives the same bytes whatever was drawn before', () => {
    const first = pictures.map(([, format]) => format(results))
    formats['report.html']?.(exampleResults())
    expect(pictures.map(([, format]) => format(structuredClone(results)))).toEqual(first)
  })

  test('has a file for every picture that report.md shows, and no other', () => {
    const shown = Array.from(markdown(results).matchAll(/\]\((charts\/[^)]+)\)/g), ([, path]) => path)
    expect(shown.toSorted()).toEqual(pictures.map(([name]) => name).toSorted())
    for (const [, format] of pictures) expect(format(results)).toMatch(/^<svg xmlns=/)
  })

  test('writes no picture of what was not measured', () => {
    const drawn = pictures.filter(([, format]) => format(exampleResults()) !== '').map(([name]) => name)
    expect(drawn).toEqual(['charts/latency-write.svg', 'charts/latency-read.svg', 'charts/latency-take.svg'])
    expect(markdown(exampleResults())).not.toContain('charts/scaling')
  })

  test('lets no name become markup in a picture', () => {
    for (const [, format] of pictures) {
      const svg = format(hostileResults())
      expect(svg).not.toMatch(/<(?:img|script|b |!--)/)
      expect(svg.replaceAll(/&(?:amp|lt|gt|quot|#39|#x27);/g, '')).not.toContain('&')
    }
  })
})
