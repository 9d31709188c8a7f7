import { describe, expect, test } from 'vitest'
import { toResults } from '../judge.js'
import { bytes, duration, percent, perSecond, ratioText } from '../report/format.js'
import { markdown } from '../report/markdown.js'
import { terminal } from '../report/terminal.js'
import type { FailuresResult, Results, StrategyResult } from '../results.js'
import { exampleResults, pacedRun, strategyOf } from './fixtures.js'

const results = exampleResults()
const text = markdown(results)

function section(report: string, title: string): string {
  return report.split(/^## /m).find((part) => part.startsWith(title)) ?? ''
}

/** Rows of cells, as GitHub splits them: at every bar that no odd number of backslashes precedes. */
function tableIn(part: string): readonly (readonly string[])[] {
  return part
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .map((line) => (line.match(/(?:\\.|[^\\|])+/g) ?? []).map((cell) => cell.trim()))
}

function withStrategies(change: (strategy: StrategyResult) => StrategyResult): Results {
  return { ...results, strategies: results.strategies.map(change) }
}

const measured = results.strategies.filter(({ skipped }) => skipped === undefined)

describe('report.md', () => {
  test('is the same for the same results', () => {
    expect(markdown(structuredClone(results))).toBe(text)
    expect(text.endsWith('.\n')).toBe(true)
  })

  test('has no trace of a missing value', () => {
    expect(text).not.toMatch(/undefined|null|NaN|Infinity|\[object/)
  })

  test('says how the workers were run', () => {
    const { run } = results
    const told = (more: Partial<Results['run']>) => markdown({ ...results, run: { ...run, ...more } })
    expect(told({ topology: 'threads' })).toMatch(/of correct answers at 2 threads:/)
    expect(told({ hosts: 2 })).toMatch(/of correct answers at 2 workers on each of 2 hosts:/)
  })

  test('begins with the verdict: what each strategy lost, and who lost nothing', () => {
    const [title, blank, first, ...rest] = text.split('\n')
    expect([title, blank]).toEqual([`# crossworker: ${results.run.id}`, ''])
    expect(first).toMatch(/^- \*\*memory\*\* refused 50\.0 % of correct answers at 2 workers: 100 %/)
    expect(rest[0]).toMatch(/^- \*\*naive\*\* \(an exhibit: wrong on purpose\) refused 15\.0 %/)
    expect(rest[1]).toMatch(/^- \*\*slow\*\* refused none, in at least 480 hand-offs each/)
  })

  test('names skipped and failed strategies with their reasons, and an early end, before any table', () => {
    const changed = withStrategies((found) =>
      found.name === 'slow' ? { ...found, failed: 'it crashed' } : found,
    )
    const [head = ''] = markdown({ ...changed, run: { ...changed.run, partial: true } }).split('\n## ')
    expect(head).toContain('- absent: skipped: no such library')
    expect(head).toContain('- slow: could not be measured to the end: it crashed')
    expect(head).toContain('**Partial.** The run was ended early')
  })

  test('says who broke a claim, and never an exhibit', () => {
    const broken = withStrategies((found) =>
      found.correctness === undefined
        ? found
        : { ...found, correctness: { ...found.correctness, verdict: 'invalid' } },
    )
    expect(markdown(broken)).toContain('**slow broke a claim of its own**')
    expect(markdown(broken)).not.toContain('**naive broke a claim')
  })

  test.each(['Verification failures', 'Write', 'Read', 'Take'])(
    '%s has a row for every strategy',
    (title) => {
      const names = tableIn(section(text, title)).map(([name]) => name)
      for (const { name, exhibit } of measured)
        expect(
          names.filter((found) => found === (exhibit === undefined ? name : `${name} †`)).length,
        ).toBeGreaterThan(0)
    },
  )

  test('has tables whose rows all have as many cells as their heads', () => {
    for (const part of text.split('\n\n').filter((block) => block.startsWith('| '))) {
      const widths = new Set(tableIn(part).map((cells) => cells.length))
      const rule = part.split('\n')[1] ?? ''
      expect([...widths]).toEqual([rule.split('|').length - 2])
    }
  })

  test('tells each failure rate as results.json has it, to the precision shown', () => {
    const [, ...rows] = tableIn(section(text, 'Verification failures'))
    for (const { name, exhibit, correctness } of measured) {
      const row = rows.find(([first]) => first === (exhibit === undefined ? name : `${name} †`)) ?? []
      const failures = correctness?.verificationFailures
      if (failures === undefined) throw new Error(`expected ${name} to be judged`)
      expect(row[2]).toBe(correctness?.observedScope)
      const { crossWorker, sameWorker, overall } = failures
      for (const [index, rate] of [crossWorker, sameWorker, overall].entries())
        expectCell(row[3 + index] ?? '', rate)
    }
  })

  test('says "not tried" where nothing was tried', () => {
    const none = { attempts: 0, failures: 0, rate: 0, low: 0, high: 1 }
    const untried = withStrategies((found) =>
      found.correctness === undefined
        ? found
        : {
            ...found,
            correctness: {
              ...found.correctness,
              verificationFailures: { overall: none, sameWorker: none, crossWorker: none },
            },
          },
    )
    expect(section(markdown(untried), 'Verification failures').match(/not tried/g)).toHaveLength(9)
  })

  test('tells the story of the most telling witness', () => {
    expect(text).toContain('One captcha of this run, under memory:')
    expect(text).toContain('**Time 0:** worker 0 issued captcha `abcdefgh…`')
    expect(text).toContain('worker 1 was given the right answer and said *unknown*')
    expect(text).toContain('## Issuer × verifier: memory')
  })

  test('tells no story where there is no witness', () => {
    const plain = withStrategies((found) => {
      if (found.correctness === undefined) return found
      const { witness: _gone, ...correctness } = found.correctness
      return { ...found, correctness }
    })
    expect(markdown(plain)).not.toMatch(/Time 0|Time 1|Issuer × verifier/)
  })

  test('shows the controls, contaminated or not', () => {
    expect(section(text, 'Controls')).toContain('**not contaminated**')
    const drifted = {
      ...results,
      controls: { ...results.controls, contaminated: true, flags: ['3 of 4 slices: void'] },
    }
    expect(section(markdown(drifted), 'Controls')).toContain('**contaminated**')
    expect(section(markdown(drifted), 'Controls')).toContain('- 3 of 4 slices: void.')
  })

  test('lists the findings by number with their verdicts', () => {
    const part = section(text, 'Findings')
    for (const [index, { claim, verdict }] of results.findings.entries())
      expect(part).toContain(`${index + 1}. **${verdict}**: ${claim}`)
  })

  test('names the command, the seed and the machine', () => {
    const part = section(text, 'Machine')
    for (const told of [
      'npm run bench',
      'Seed 7',
      '2 workers, 4 connections',
      'A processor, 2 cores, 8.0 GiB',
    ])
      expect(part).toContain(told)
  })
})

/** Reads a cell such as `50.0 % (47.1 % – 52.9 %; n = 1,920)` back and holds it against the figures. */
function expectCell(cell: string, { attempts, failures, rate, low, high }: FailuresResult): void {
  const numbers = Array.from(cell.matchAll(/[\d.,]+/g), ([digits]) => digits.replaceAll(',', ''))
  const shown = failures === 0 ? [rate, high] : [rate, low, high]
  expect(numbers).toHaveLength(shown.length + 1)
  expect(Number(numbers.at(-1))).toBe(attempts)
  for (const [index, share] of shown.entries()) expectShown(numbers[index] ?? '', share * 100)
}

/** A figure is true when it is within half a unit of its last digit. */
function expectShown(digits: string, truth: number): void {
  const decimals = digits.split('.')[1]?.length ?? 0
  expect(Math.abs(Number(digits) - truth)).toBeLessThanOrEqual(0.5 * 10 ** -decimals + 1e-9)
}

describe('an open loop', () => {
  const paced = toResults(pacedRun())
  const report = markdown(paced)
  const part = section(report, 'Open loop at 800 requests/s')

  test('is told by operation, with a row for everything that was timed', () => {
    const tables = part.split('\n\n').filter((block) => block.startsWith('| '))
    expect(tables).toHaveLength(3)
    for (const block of tables)
      expect(tableIn(block).map(([name]) => name)).toEqual([
        'strategy',
        'memory',
        'slow',
        'naive †',
        '(no-op store)',
      ])
  })

  test('shows latencies from the due time beside uncorrected ones, and what was late or dropped', () => {
    const row = tableIn(part).find(([name]) => name === 'slow') ?? []
    expect(row[1]).toBe('400/s')
    expect(row[2]).toMatch(/ ms$/)
    expect(row[3]).toMatch(/^\d+\.\d \[.*▼/)
    expect(row.slice(7)).toEqual(['500 µs', '500 µs', '500 µs', '75.0 %', '0 %'])
  })

  test('compares nothing of a strategy that did not keep the pace', () => {
    const rows = tableIn(section(markdown(toResults(pacedRun(10))), 'Open loop'))
    const row = rows.find(([name]) => name === 'slow') ?? []
    expect([row[3], row.at(-1)]).toEqual(['not kept', '20.0 %'])
  })

  test('says how to read it, and how well the pacer kept time', () => {
    expect(part).toContain('Latencies count from the moment a request was due')
    expect(part).toContain("The pacer's own lag, where a connection stood free: 100 µs to 100 µs")
    expect(section(report, 'How to read it')).toContain('an open loop on the loopback interface')
  })

  test('has no throughput to compare and no missing value', () => {
    expect(section(report, 'Write')).not.toMatch(/throughput|rank/)
    expect(section(report, 'Write')).toContain('CPU/op')
    expect(report).not.toMatch(/undefined|null|NaN|Infinity|\[object/)
    expect(terminal(paced)).toContain('÷ memory: p50 ratio at 800 requests/s')
  })

  test('is not mentioned in a closed one', () => {
    expect(text).not.toMatch(/open loop/i)
    expect(section(text, 'Write')).toContain('throughput')
  })
})

describe('a hostile strategy', () => {
  const hostile = (name: string) =>
    withStrategies((found) => (found.name === 'memory' ? { ...found, name, summary: name } : found))
  const tablesOf = (report: string) => report.split('\n\n').filter((block) => block.startsWith('| '))

  test.each(['a|b', 'a||b', '<script>alert(1)</script>', 'a\nb', '<img src=x onerror=alert(1)>'])(
    'named %j breaks no table',
    (name) => {
      const tables = tablesOf(markdown(hostile(name)))
      expect(tables.map((part) => part.split('\n').length)).toEqual(
        tablesOf(text).map((part) => part.split('\n').length),
      )
      for (const part of tables) {
        expect(new Set(tableIn(part).map((cells) => cells.length)).size).toBe(1)
        expect(part).not.toMatch(/<(script|img)/)
      }
    },
  )

  test('whose name has a backslash before its bar breaks no table', () => {
    for (const part of tablesOf(markdown(hostile('a\\|b'))))
      expect(new Set(tableIn(part).map((cells) => cells.length)).size).toBe(1)
  })

  test('named as markup injects none outside tables', () => {
    expect(markdown(hostile('<script>alert(1)</script>'))).not.toContain('<script')
  })

  test('whose reason has markup injects none', () => {
    const reason = '<img src=x onerror=alert(1)>'
    const failed = withStrategies((found) =>
      found.name === 'slow'
        ? { ...found, failed: reason }
        : found.skipped === undefined
          ? found
          : { ...found, skipped: reason },
    )
    expect(markdown(failed)).not.toContain('<img')
  })

  test('whose reason has several lines stays one bullet', () => {
    const skipped = withStrategies((found) =>
      found.skipped === undefined ? found : { ...found, skipped: 'no\n# A heading of mine' },
    )
    expect(markdown(skipped)).not.toMatch(/^# A heading/m)
  })
})

describe('the table on the screen', () => {
  const screen = terminal(results)

  test('is the same for the same results', () => expect(terminal(structuredClone(results))).toBe(screen))

  test('has one row for each strategy', () => {
    const rows = screen.split('\n').filter((line) => /^│ [a-z]/.test(line))
    const names = rows.map((line) => line.split('│')[1]?.trim()).filter((name) => name !== 'strategy')
    expect(names).toEqual(['memory', 'slow', 'naive †', 'absent'])
  })

  test('says skipped where a strategy was', () => expect(screen).toMatch(/│ absent +│ +skipped/))

  test('ends with the verdict, without Markdown', () => {
    expect(screen).toContain('• memory refused 50.0 %')
    expect(screen).not.toContain('**')
  })

  test('survives a strategy of which nothing was measured', () => {
    const { correctness: _c, timing: _t, outcomes: _o, ...bare } = strategyOf(results, 'slow')
    const emptied = withStrategies((found) => (found.name === 'slow' ? bare : found))
    expect(terminal(emptied)).toMatch(/│ slow +│ +– +│/)
    expect(markdown(emptied)).not.toContain('undefined')
  })
})

describe('figures', () => {
  test.each([
    [0, '0 %'],
    [1, '100 %'],
    [0.5, '50.0 %'],
    [0.1234, '12.3 %'],
    [0.01234, '1.2 %'],
    [0.000_123, '0.012 %'],
  ])('a share of %d is %s', (share, told) => expect(percent(share)).toBe(told))

  test.each([
    [null, '–'],
    [0.0123, '0.0123 µs'],
    [1.5, '1.50 µs'],
    [123.4, '123 µs'],
    [1_234, '1.23 ms'],
    [2_500_000, '2.50 s'],
  ])('%d µs is %s', (us, told) => expect(duration(us)).toBe(told))

  test('just under a second is told without an exponent', () => {
    expect(duration(999_700)).not.toContain('e')
  })

  test('throughput, ratios and bytes', () => {
    expect([perSecond(null), perSecond(12_345.6)]).toEqual(['–', '12,346/s'])
    expect(ratioText({ value: 1, low: 0.956, high: 12.34 })).toBe('1.00 [0.96, 12.3]')
    expect(ratioText({ value: 123.4, low: 99, high: 200 })).toBe('123 [99.0, 200]')
    expect(bytes(3.5 * 2 ** 30)).toBe('3.5 GiB')
  })
})
