import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { describe, expect, test } from 'vitest'
import { toResults } from '../judge.js'
import { formats } from '../report/formats.js'
import type { Results } from '../results.js'
import type { SliceRecord, TimingRecord } from '../slices.js'
import { exampleResults, exampleRun, pacedRun } from './fixtures.js'
import { hostileNames } from './page.fixtures.js'

const slicesOf = (records: readonly TimingRecord[]) => records.filter((record) => record.kind === 'slice')
const example = exampleRun()
const results = exampleResults()
const slices = slicesOf(example.records)

/** Every strategy of the example under a name that means harm, in results and slices alike. */
const worst = [...hostileNames, '__proto__', 'a,"b"\r\n=1+1', '=cmd', ' half \ud83d', 'x/op=read-9']
const renamed = new Map(['memory', 'slow', 'naive'].map((name, index) => [name, index]))

function hostile(offset: number): { results: Results; slices: readonly SliceRecord[] } {
  const rename = (_key: string, value: unknown) => {
    const place = typeof value === 'string' ? renamed.get(value) : undefined
    return place === undefined ? value : `${worst[(place + offset) % worst.length]}${place}`
  }
  return {
    results: JSON.parse(JSON.stringify(results), rename),
    slices: JSON.parse(JSON.stringify(slices), rename),
  }
}

const runs: readonly (readonly [string, { results: Results; slices: readonly SliceRecord[] }])[] = [
  ['of hand-made slices', { results, slices }],
  ['at a pace', { results: toResults(pacedRun()), slices: slicesOf(pacedRun().records) }],
  ...worst.map((name, offset) => [`with names like ${JSON.stringify(name)}`, hostile(offset)] as const),
]

function written(name: string, run: { results: Results; slices: readonly SliceRecord[] }): string {
  const text = formats[`exports/${name}`]?.(run.results, run.slices)
  if (text === undefined) throw new Error(`expected a format exports/${name}`)
  return text
}

/** What is typed on neither a line, a table of Markdown nor a page as anything but itself. */
const harmless = /^[\w.!~*'()%÷ /-]+$/

describe.each(runs)('the exports of a run %s', (_title, run) => {
  // https://github.com/benchmark-action/github-action-benchmark: README, and `BenchmarkResult` of src/extract.ts.
  const Entries = Type.Array(
    Type.Object(
      {
        name: Type.String({ minLength: 1 }),
        unit: Type.String({ minLength: 1 }),
        value: Type.Number(),
        range: Type.Optional(Type.String()),
        extra: Type.Optional(Type.String()),
      },
      { additionalProperties: false },
    ),
    { minItems: 1 },
  )

  test.each([
    ['bigger-is-better.json', /^throughput(-ratio)?$/],
    [
      'smaller-is-better.json',
      /^((store-)?latency|latency-p99|cpu-time)(-ratio)?$|^refused-(cross|same)-worker$/,
    ],
  ])('%s is a list of named values of one direction', (file, kinds) => {
    if (run.results.run.rate !== undefined && file.startsWith('bigger')) {
      // An open loop's throughput is given, and nothing else is better when it is more.
      expect(written(file, run)).toBe('')
      return
    }
    const entries: unknown = JSON.parse(written(file, run))
    expect(Value.Errors(Entries, entries)).toEqual([])
    const list = entries as { name: string; unit: string }[]
    expect(new Set(list.map(({ name }) => name)).size).toBe(list.length)
    for (const { name, unit } of list) {
      expect(name.split('/').at(-1)).toMatch(kinds)
      expect(name).toMatch(harmless)
      expect(unit).toMatch(harmless)
    }
  })

  // https://bencher.dev/bmf.json, and the lengths of https://bencher.dev/docs/reference/bencher-metric-format
  const Metric = Type.Object({
    value: Type.Number(),
    lower_value: Type.Optional(Type.Number()),
    upper_value: Type.Optional(Type.Number()),
  })
  const Bmf = Type.Record(Type.String(), Type.Record(Type.String(), Metric))

  test('bencher.json has benchmarks of measures with bounds around each estimate', () => {
    const found: unknown = JSON.parse(written('bencher.json', run))
    expect(Value.Errors(Bmf, found)).toEqual([])
    const benchmarks = Object.entries(found as Record<string, Record<string, object>>)
    expect(benchmarks).toHaveLength(9)
    for (const [name, measures] of benchmarks) {
      expect([name.length > 0 && name.length <= 1_024, name]).toEqual([true, expect.stringMatching(harmless)])
      for (const measure of Object.keys(measures)) expect(measure).toMatch(/^[a-z][a-z0-9-]{0,63}$/)
      expect(measures).toHaveProperty('latency.lower_value')
    }
  })

  test('go-benchmark.txt is read by the grammar of proposal 14313, a line a block', () => {
    const { config, units, lines } = readGo(written('go-benchmark.txt', run))
    const { cpu, cores } = run.results.environment
    expect(['pkg', 'cpu', 'cores', 'system'].map((key) => config.get(key))).toEqual([
      ...['crossworker', cpu, String(cores), 'Linux'],
    ])
    expect([...units]).toEqual([
      ['store-ns/op', 'lower'],
      ['cpu-ns/op', 'lower'],
      ['req/s', 'higher'],
    ])
    const samples = new Map<string, number>()
    for (const { name, values } of lines) {
      samples.set(name, (samples.get(name) ?? 0) + 1)
      expect(name).toMatch(/^BenchmarkCaptcha\/strategy=[^/=\s]+\/op=(write|read|take)-2$/)
      expect([...values.keys()]).toEqual(['ns/op', 'store-ns/op', 'cpu-ns/op', 'req/s'])
    }
    // 3 strategies by 3 operations, of 3 launches by 4 blocks.
    expect([...samples.values()]).toEqual(Array.from({ length: 9 }, () => 12))
  })

  test('samples.csv is read by RFC 4180, a row a slice', () => {
    const [head = [], ...rows] = readCsv(written('samples.csv', run))
    expect(rows).toHaveLength(run.slices.length)
    for (const row of rows) expect(row).toHaveLength(head.length)
    const column = (name: string) => rows.map((row) => row[head.indexOf(name)] ?? '')
    expect(column('arm').map(decodeURIComponent)).toEqual(
      run.slices.map(({ arm }) => arm.replaceAll(/\p{Cs}/gu, '\ufffd')),
    )
    expect(column('client_p50_us').map(Number)).toEqual(
      run.slices.map(({ clientP50Us }) => Number(clientP50Us?.toPrecision(7))),
    )
    expect(rows.flat().filter((cell) => /^[=+@]/.test(cell))).toEqual([])
  })
})

describe('exports', () => {
  test('are the same for the same run', () => {
    for (const [name, format] of Object.entries(formats).filter(([name]) => name.startsWith('exports/')))
      expect({ name, text: format(structuredClone(results), structuredClone(slices)) }).toEqual({
        name,
        text: format(results, slices),
      })
  })

  test('tell the figures of results.json with their intervals', () => {
    const row = results.strategies[1]?.timing?.[0]
    const found = JSON.parse(written('bencher.json', { results, slices }))['slow/write']
    expect(found.latency).toEqual({
      value: (row?.p50Us ?? 0) * 1_000,
      lower_value: (row?.intervals.p50Us?.low ?? 0) * 1_000,
      upper_value: (row?.intervals.p50Us?.high ?? 0) * 1_000,
    })
    expect(found['throughput-ratio'].value).toBe(
      row?.ratios.find(({ metric }) => metric === 'throughput')?.value,
    )
  })

  test('without raw records are those that results.json alone is enough for', () => {
    const told = Object.entries(formats)
      .filter(([name, format]) => name.startsWith('exports/') && format(results, []) !== '')
      .map(([name]) => name)
    expect(told).toEqual([
      'exports/bigger-is-better.json',
      'exports/smaller-is-better.json',
      'exports/bencher.json',
    ])
  })

  test('of a run that timed nothing are none: an empty list is an error to those who read it', () => {
    const strategies = results.strategies.map(({ name, summary, claims }) => ({ name, summary, claims }))
    const texts = Object.entries(formats).flatMap(([name, format]) =>
      name.startsWith('exports/') ? format({ ...results, strategies }, []) : [],
    )
    expect(texts).toEqual(['', '', '', '', ''])
  })

  test('of void slices: kept as samples with their reason, left out for benchstat', () => {
    const voided = slices.map((slice, index) =>
      index === 0 ? { ...slice, void: 'a "reset",\nhere' } : slice,
    )
    const [head = [], first = []] = readCsv(written('samples.csv', { results, slices: voided }))
    expect(first[head.indexOf('void')]).toBe('a "reset",\nhere')
    const lines = (given: readonly SliceRecord[]) =>
      readGo(written('go-benchmark.txt', { results, slices: given })).lines.length
    expect(lines(voided)).toBe(lines(slices) - 1)
  })

  test('have no latency of a client where the pace was not kept', () => {
    const run = pacedRun(30)
    const behind = { results: toResults(run), slices: slicesOf(run.records) }
    const found: Record<string, object> = JSON.parse(written('bencher.json', behind))
    expect(Object.keys(found['slow/write'] ?? {})).toEqual([
      ...['cpu-time', 'cpu-time-ratio', 'store-latency', 'store-latency-ratio'],
    ])
    expect(found['naive/write']).toHaveProperty('latency')
    expect(written('smaller-is-better.json', behind)).not.toMatch(/"slow\/\w+\/latency/)
    const units = new Map(
      readGo(written('go-benchmark.txt', behind)).lines.map(({ name, values }) => [name, [...values.keys()]]),
    )
    expect(units.get('BenchmarkCaptcha/strategy=slow/op=take-2')).toEqual([
      'store-ns/op',
      'cpu-ns/op',
      'req/s',
    ])
    expect(units.get('BenchmarkCaptcha/strategy=naive/op=take-2')).toContain('ns/op')
  })

  test('of what has no figure leave it out', () => {
    const blank = slices.map((slice) => ({ ...slice, cpuUsPerOp: null }))
    const [line] = readGo(written('go-benchmark.txt', { results, slices: blank })).lines
    expect([...(line?.values.keys() ?? [])]).toEqual(['ns/op', 'store-ns/op', 'req/s'])
    expect(written('samples.csv', { results, slices: blank })).not.toMatch(/null|NaN|undefined/)
  })
})

interface GoLine {
  readonly name: string
  readonly values: ReadonlyMap<string, number>
}

/** As golang.org/x/perf/benchfmt reads it: lines it takes for results must be whole, all others are comments or settings. */
function readGo(text: string) {
  const config = new Map<string, string>()
  const units = new Map<string, string>()
  const lines: GoLine[] = []
  for (const line of text.split('\n')) {
    const fields = line.split(/\s+/u).filter((field) => field !== '')
    const [first = '', second = ''] = fields
    const [, key, value = ''] = /^(\p{Ll}[^\s\p{Lu}:]*):[ \t]+(.*)$/u.exec(line) ?? []
    if (line.startsWith('Benchmark')) lines.push(goLine(fields))
    else if (first === 'Unit') units.set(second, betterIn(fields[2]))
    else if (key !== undefined) config.set(key, value)
    else if (line !== '' && !line.startsWith('#')) throw new Error(`expected no such line: ${line}`)
  }
  return { config, units, lines }
}

function betterIn(field = ''): string {
  const [, word] = /^better=(lower|higher)$/.exec(field) ?? []
  if (word === undefined) throw new Error(`expected better=lower or better=higher, got ${field}`)
  return word
}

function goLine([name = '', iterations = '', ...rest]: readonly string[]): GoLine {
  if (!/^[1-9]\d*$/.test(iterations) || rest.length < 2 || rest.length % 2 !== 0)
    throw new Error(
      `expected a name, a count and pairs of value and unit, got ${[name, iterations, ...rest]}`,
    )
  const values = new Map<string, number>()
  for (let index = 0; index < rest.length; index += 2) {
    const [value = '', unit = ''] = rest.slice(index, index + 2)
    if (!/^-?\d+(\.\d+)?(e[+-]?\d+)?$/.test(value)) throw new Error(`expected a number, got ${value}`)
    values.set(unit, Number(value))
  }
  return { name, values }
}

/** RFC 4180: records end in CRLF, all have as many fields, and quotes are doubled within quotes. */
function readCsv(text: string): readonly (readonly string[])[] {
  const record = /(?:^|,)(?:"((?:[^"]|"")*)"|([^",\r\n]*))/y
  const records: string[][] = []
  for (let at = 0; at < text.length; at += 2) {
    const fields: string[] = []
    for (let start = at; ; ) {
      const rest = text.slice(at)
      record.lastIndex = start - at
      const match = record.exec(rest)
      if (match === null) throw new Error(`expected a field at ${start}`)
      fields.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '')
      start += match[0].length
      if (text.startsWith('\r\n', start)) {
        at = start
        break
      }
      if (text[start] !== ',') throw new Error(`expected a comma or the end of a line at ${start}`)
    }
    records.push(fields)
  }
  return records
}
