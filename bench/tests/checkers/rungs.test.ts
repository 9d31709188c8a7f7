import { describe, expect, test } from 'vitest'
import type { Scope } from '../../../src/strategy.js'
import type { CheckName } from '../../checkers/check.js'
import { covers, reaches, reachOf, type Shape, shows } from '../../checkers/rungs.js'
import { fault, issue, judge, misguess, read, type Scene, story, take } from './story.js'

/** Workers 0 and 1 are neighbours on the one host, 2 and 3 on the other. */
const fleet = { workers: 4, hosts: 2 } as const
const processes = { workers: 4 } as const
const threads = { workers: 4, topology: 'threads' } as const

describe('a scope', () => {
  const spanned = (shape: Shape, scope: Scope) =>
    [0, 1, 2, 3].filter((worker) => reachOf(shape, scope).spans(1, worker))
  const tried = (shape: Shape, scope: Scope) =>
    [0, 1, 2, 3].filter((worker) => reachOf(shape, scope).tries(1, worker))

  test.each([
    ['process', processes, [1], [1]],
    ['threads', processes, [1], []],
    ['host', processes, [0, 1, 2, 3], [0, 2, 3]],
    ['fleet', processes, [0, 1, 2, 3], []],
    ['process', threads, [1], [1]],
    ['threads', threads, [0, 1, 2, 3], [0, 2, 3]],
    ['host', threads, [0, 1, 2, 3], []],
    ['process', fleet, [1], [1]],
    ['threads', fleet, [1], []],
    ['host', fleet, [0, 1], [0]],
    ['fleet', fleet, [0, 1, 2, 3], [2, 3]],
    ['threads', { ...fleet, topology: 'threads' }, [0, 1], [0]],
    ['host', { ...fleet, topology: 'threads' }, [0, 1], []],
  ] as const)('of %s over %o spans %o and is tried by %o', (scope, shape, spans, tries) => {
    expect([spanned(shape, scope), tried(shape, scope)]).toEqual([spans, tries])
  })

  test('is shown by sites that have its pairs of workers', () => {
    const shown = (shape: Shape) =>
      (['process', 'threads', 'host', 'fleet'] as const).filter((rung) => shows(shape, rung))
    expect(shown(processes)).toEqual(['process', 'host'])
    expect(shown(threads)).toEqual(['process', 'threads'])
    expect(shown(fleet)).toEqual(['process', 'host', 'fleet'])
  })

  test('promises the rungs below it, as a durability does the lesser ones', () => {
    expect([reaches('host', 'threads'), reaches('host', 'host'), reaches('host', 'fleet')]).toEqual([
      true,
      true,
      false,
    ])
    expect([covers('restart', 'worker-crash'), covers('restart', 'power-loss')]).toEqual([true, false])
  })
})

const crash = (startMs: number, healMs: number) => fault('crash', [startMs, healMs], { loses: 'restart' })

/** What another worker does to a captcha of worker 0, and is wrong to where it should know better. */
const wrongs: readonly (readonly [CheckName, (other: number) => readonly Scene[]])[] = [
  ['visibility', (other) => [read(other, 10, 'a', 'unknown')]],
  ['single-use', (other) => [take(0, [10, 20], 'a', 'accepted'), take(other, [12, 18], 'a', 'accepted')]],
  ['no-loss', (other) => [read(other, 20, 'a', 'unknown')]],
  ['expiry', (other) => [read(other, 900, 'a', 'unknown'), read(0, 1_100, 'a', 'unknown')]],
  ['one-guess', (other) => [misguess(0, 10, 'a', 'wrong'), take(other, 20, 'a', 'accepted')]],
  ['durability', (other) => [crash(5, 8), read(other, 10, 'a', 'unknown')]],
  [
    'no-resurrection',
    (other) => [take(0, 10, 'a', 'accepted'), crash(20, 30), take(other, 40, 'a', 'accepted')],
  ],
  ['fail-closed', (other) => [fault('medium', [5, 30]), issue(0, 10, 'b'), read(other, 20, 'b', 'unknown')]],
  ['linearizable', (other) => [read(other, 10, 'a', 'unknown'), take(0, 20, 'a', 'accepted')]],
]

describe.each(wrongs)('%s', (name, scenes) => {
  const violations = (site: Parameters<typeof story>[0], other: number, scope: Scope) =>
    judge(name, story(site, issue(0, 0, 'a'), ...scenes(other)), scope).violations

  test('holds nothing of another host against a store of one host', () => {
    expect(violations({ hosts: 2 }, 2, 'host')).toBe(0)
    expect(violations({ hosts: 2, scope: 'host' }, 3, 'host')).toBe(0)
  })

  test('holds it against a store of the fleet', () => {
    expect(violations({ hosts: 2 }, 2, 'fleet')).toBe(1)
  })

  test('holds what a neighbour does against both', () => {
    expect(violations({ hosts: 2 }, 1, 'host')).toBe(1)
    expect(violations({ hosts: 2 }, 1, 'fleet')).toBe(1)
  })

  test('holds nothing of another process against a store of threads', () => {
    expect(violations({}, 1, 'threads')).toBe(0)
    expect(violations({ topology: 'threads' }, 1, 'threads')).toBe(1)
    expect(violations({ topology: 'threads' }, 1, 'host')).toBe(1)
    expect(violations({ topology: 'threads' }, 1, 'process')).toBe(0)
  })
})

/** What a sound store of the fleet answers. */
const rights: readonly (readonly [CheckName, (other: number) => readonly Scene[]])[] = [
  ['visibility', (other) => [read(other, 10, 'a', 'found')]],
  ['single-use', (other) => [take(0, [10, 20], 'a', 'accepted'), take(other, [12, 18], 'a', 'unknown')]],
  ['one-guess', (other) => [misguess(0, 10, 'a', 'wrong'), take(other, 20, 'a', 'unknown')]],
  ['linearizable', (other) => [read(other, 10, 'a', 'found'), take(0, 20, 'a', 'accepted')]],
]

describe.each(rights)('%s', (name, scenes) => {
  const verdict = (site: Parameters<typeof story>[0], other: number, scope: Scope) =>
    judge(name, story(site, issue(0, 0, 'a'), ...scenes(other)), scope).verdict

  test('acquits of a scope by workers as far apart as it goes', () => {
    expect(verdict({ hosts: 2 }, 2, 'fleet')).toBe('valid')
    expect(verdict({ hosts: 2 }, 1, 'host')).toBe('valid')
    expect(verdict({ topology: 'threads' }, 1, 'threads')).toBe('valid')
  })

  test('does not by nearer ones, nor by any of another layout', () => {
    expect(verdict({ hosts: 2 }, 1, 'fleet')).toBe('unknown')
    expect(verdict({ hosts: 2 }, 2, 'host')).toBe('unknown')
    expect(verdict({}, 1, 'fleet')).toBe('unknown')
    expect(verdict({}, 1, 'threads')).toBe('unknown')
    expect(verdict({ topology: 'threads' }, 1, 'host')).toBe('unknown')
  })
})

describe('a law without a scope', () => {
  test('binds another host too: what has ended, and what nobody issued, is unknown everywhere', () => {
    const site = { hosts: 2, scope: 'host' } as const
    const late = story(site, issue(0, 0, 'a'), read(0, 900, 'a', 'found'), read(2, 1_101, 'a', 'found'))
    expect(judge('expiry', late).violations).toBe(1)
    expect(judge('no-phantoms', story(site, read(2, 10, 'nobody', 'found'))).violations).toBe(1)
  })

  test('lets a take on another host excuse one that finds nothing', () => {
    const taken = [issue(0, 0, 'a'), take(2, 10, 'a', 'accepted'), read(1, 20, 'a', 'unknown')]
    expect(judge('visibility', story({ hosts: 2 }, ...taken)).violations).toBe(0)
    expect(judge('linearizable', story({ hosts: 2 }, ...taken)).violations).toBe(0)
  })
})
