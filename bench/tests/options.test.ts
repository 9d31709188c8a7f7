import { afterEach, describe, expect, test, vi } from 'vitest'
import { type Options, parseOptions, UsageError } from '../options.js'

const parse = (...argv: string[]) => parseOptions(argv, 42)

function complaint(argv: readonly string[]): string {
  try {
    parse(...argv)
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError)
    return error instanceof Error ? error.message : ''
  }
  throw new Error(`expected ${argv.join(' ')} to be refused`)
}

afterEach(() => vi.restoreAllMocks())

describe('options', () => {
  test('have defaults', () => {
    expect(parse()).toEqual({
      strategies: undefined,
      studies: ['timing', 'correctness'],
      thorough: false,
      captchas: undefined,
      races: undefined,
      faults: undefined,
      quick: false,
      quiet: false,
      topology: 'processes',
      hosts: 1,
      workers: 4,
      connections: 8,
      rate: undefined,
      reference: 'memory',
      seed: 42,
      out: 'results',
      budgetSeconds: undefined,
      failOn: [],
      baseline: undefined,
      baselineAnyway: false,
    })
  })

  test.each<[readonly string[], Partial<Options>]>([
    [['--strategies', 'file,sqlite'], { strategies: ['file', 'sqlite'] }],
    [['--strategies', ' file , ./mine.mjs '], { strategies: ['file', './mine.mjs'] }],
    [['--strategies', 'file,sqlite,file'], { strategies: ['file', 'sqlite'] }],
    [['--only', 'micro'], { studies: ['micro'] }],
    [['--quick'], { studies: ['timing'], thorough: false }],
    [['--only', 'correctness'], { studies: ['correctness'], thorough: true }],
    [['--only', 'correctness', '--quick'], { studies: ['correctness'], thorough: false }],
    [['--captchas', '9', '--races', '8', '--faults', '7'], { captchas: 9, races: 8, faults: 7 }],
    [['--only', 'scaling'], { studies: ['scaling'] }],
    [['--only', 'timing, micro'], { studies: ['timing', 'micro'] }],
    [['--quick'], { quick: true, budgetSeconds: undefined }],
    [['--quick', '--budget', '20s'], { quick: true, budgetSeconds: 20 }],
    [['--budget', '90'], { budgetSeconds: 90 }],
    [['--budget', '90s'], { budgetSeconds: 90 }],
    [['--budget', '3m'], { budgetSeconds: 180 }],
    [['--budget', '1h'], { budgetSeconds: 3_600 }],
    [['--budget', '24h'], { budgetSeconds: 86_400 }],
    [['--budget', '10s'], { budgetSeconds: 10 }],
    [['--workers', '1'], { workers: 1 }],
    [['--workers', '64'], { workers: 64 }],
    [['--connections', '256'], { connections: 256 }],
    [['--rate', '1'], { rate: 1 }],
    [['--rate', '100000', '--only', 'timing,micro'], { rate: 100_000 }],
    [['--reference', 'sqlite'], { reference: 'sqlite' }],
    [['--seed', '0'], { seed: 0 }],
    [['--seed', '4294967295'], { seed: 4_294_967_295 }],
    [['--out', '/tmp/x'], { out: '/tmp/x' }],
    [['--quiet'], { quiet: true }],
  ])('%j is understood', (argv, expected) => expect(parse(...argv)).toMatchObject(expected))

  test.each<[readonly string[], RegExp]>([
    [['--workers', '0'], /--workers.*whole number from 1 to 64/],
    [['--workers', '65'], /whole number from 1 to 64/],
    [['--workers', '1.5'], /whole number/],
    [['--workers', '1e1'], /whole number/],
    [['--workers', ''], /whole number/],
    [['--workers', '-1'], /whole number/],
    [['--connections', '0'], /--connections.*whole number from 1 to 256/],
    [['--connections', '257'], /whole number from 1 to 256/],
    [['--rate', '0'], /--rate.*whole number from 1 to 100000/],
    [['--rate', '100001'], /whole number from 1 to 100000/],
    [['--rate', '0.5'], /whole number/],
    [['--rate', '500', '--only', 'micro'], /--rate: expected the timing study.*got --only micro/],
    [['--seed', '-1'], /--seed.*whole number from 0 to 4294967295/],
    [['--seed', '4294967296'], /whole number/],
    [['--seed', 'x'], /whole number/],
    [['--budget', '-90s'], /--budget.*duration from 10s to 24h/],
    [['--budget', '9s'], /duration from 10s to 24h/],
    [['--budget', '25h'], /duration from 10s to 24h/],
    [['--budget', '1.5m'], /duration/],
    [['--budget', 'soon'], /duration/],
    [['--budget', ''], /duration/],
    [['--strategies', 'file,,sqlite'], /--strategies.*[Ee]xpected/],
    [['--strategies', ''], /[Ee]xpected/],
    [['--strategies', ','], /[Ee]xpected/],
    [['--only', 'weather'], /--only.*studies out of timing, micro, correctness, scaling/],
    [['--only', ''], /[Ee]xpected/],
    [['--strategies'], /--strategies.*argument missing/],
    [['--nonsense'], /unknown option '--nonsense'/],
    [['file'], /too many arguments/],
  ])('%j is refused in one line that says what was expected', (argv, expected) => {
    const message = complaint(argv)
    expect(message).toMatch(expected)
    expect(message).not.toContain('\n')
    expect(message).not.toMatch(/^error:/)
  })

  test.each(['--help', '-h'])('%s is answered on stdout and asks for no run', (flag) => {
    const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true)
    expect(parse(flag)).toBeUndefined()
    expect(write.mock.calls.map(([text]) => String(text)).join('')).toContain('Exit codes:')
  })
})
