import { describe, expect, test } from 'vitest'
import type { Screen } from '../progress/screen.js'
import { createTally } from '../progress/tally.js'
import type { Course } from '../progress.js'
import { courseOf, createProgress } from '../progress.js'
import { comparedRun } from './comparison.fixtures.js'
import { entrant, memory, planOf, slice } from './fixtures.js'

function screen(more: Partial<Screen & Course> = {}) {
  const written: string[] = []
  const clock = { ms: 0 }
  const progress = createProgress({
    stream: { write: (text) => written.push(text) },
    redraws: false,
    quiet: false,
    launches: 3,
    now: () => clock.ms,
    ...more,
  })
  return { progress, clock, text: () => written.join(''), written }
}

const block = { launch: 0, block: 4, blocks: 40, spentMs: 10_000, limitMs: 50_000 }

describe('progress', () => {
  test('without a terminal it writes plain lines, and at most one in ten seconds', () => {
    const { progress, clock, written } = screen()
    for (clock.ms = 0; clock.ms <= 20_000; clock.ms += 1_000) progress.block(block)
    expect(written).toHaveLength(3)
    expect(written.every((line) => /^launch 1\/3 · block 5\/40 · .*\n$/.test(line))).toBe(true)
  })

  test('on a terminal every step redraws one line', () => {
    const { progress, written } = screen({ redraws: true })
    progress.starting({ launch: 1, arm: 'file' })
    progress.warmingUp({ launch: 1, round: 2 })
    expect(written).toEqual([
      '\r\u001b[Klaunch 2/3 · starting file',
      '\r\u001b[Klaunch 2/3 · warm-up, round 2',
    ])
  })

  test('what is said stays: the line being redrawn is erased before it', () => {
    const { progress, text } = screen({ redraws: true })
    progress.block(block)
    progress.say('done')
    expect(text().endsWith('\r\u001b[Kdone\n')).toBe(true)
  })

  test('closing erases the line that was being redrawn, once, and nothing where lines are plain', () => {
    const drawn = screen({ redraws: true })
    drawn.progress.block(block)
    drawn.progress.close()
    drawn.progress.close()
    expect(drawn.written.slice(1)).toEqual(['\r\u001b[K'])
    const plain = screen()
    plain.progress.close()
    expect(plain.text()).toBe('')
  })

  test.each([true, false])('quiet says nothing at all (redraws: %s)', (redraws) => {
    const { progress, text } = screen({ quiet: true, redraws })
    progress.say('hello')
    progress.starting({ launch: 0, arm: 'memory' })
    progress.block(block)
    progress.close()
    expect(text()).toBe('')
  })

  test.each([
    ['the rest of this launch and all of the others', block, '2:20'],
    ['nothing of an overdrawn launch', { ...block, launch: 2, spentMs: 60_000 }, '0:00'],
    ['only this launch in the last one', { ...block, launch: 2 }, '0:40'],
    ['seconds rounded up', { ...block, launch: 2, spentMs: 44_500 }, '0:06'],
  ])('the time left counts %s', (_what, step, left) => {
    const { progress, text } = screen()
    progress.block(step)
    expect(text()).toContain(`at most ${left} left`)
  })
})

/** Blocks in which the arm's throughput is so many times the baseline's. */
function blocks(factors: readonly number[]) {
  return factors.map((factor) => [
    slice({ arm: 'memory', throughput: 1_000 }),
    slice({ arm: 'file', throughput: 1_000 * factor }),
  ])
}

const contests = [{ name: 'file', arm: 'file', against: 'memory' }]

describe('first estimates', () => {
  function tallyOf(factors: readonly number[], wanted = contests) {
    const tally = createTally(wanted)
    for (const block of blocks(factors)) {
      block.forEach(tally.add)
      tally.endBlock()
    }
    return tally.lines()
  }

  test('are the median ratio and its notch, once there are blocks enough', () => {
    expect(tallyOf([0.5, 0.5, 0.5])).toEqual([])
    expect(tallyOf([0.5, 0.5, 0.5, 0.5])).toEqual(['  file  take 0.50 ±0 %'])
    expect(tallyOf([0.4, 0.5, 0.5, 0.6, 9])).toEqual([expect.stringMatching(/^ {2}file {2}take 0\.50 ±\d/)])
  })

  test('firm up', () => {
    const spread = (line: string | undefined) => Number(/±([\d.]+)/.exec(line ?? '')?.[1])
    const some = [0.4, 0.5, 0.45, 0.55]
    const [few] = tallyOf(some)
    const [many] = tallyOf([...some, ...some, ...some, ...some])
    expect(spread(many)).toBeLessThan(spread(few))
  })

  test('pair slices of one block and no other, and leave void ones out', () => {
    const tally = createTally(contests)
    for (let block = 0; block < 6; block += 1) {
      tally.add(slice({ arm: 'memory' }))
      tally.endBlock()
      tally.add(slice({ arm: 'file' }))
      tally.endBlock()
      tally.add(slice({ arm: 'memory' }))
      tally.add(slice({ arm: 'file', void: 'mistaken' }))
      tally.endBlock()
    }
    expect(tally.lines()).toEqual([])
  })

  test('stay in sight below the line that is redrawn', () => {
    const { progress, written } = screen({ redraws: true, contests })
    for (const measured of blocks([2, 2, 2, 2])) {
      progress.measured(measured)
      progress.block(block)
    }
    const erased = '\r\u001b[K'
    const twoErased = `${erased}\u001b[1A${erased}`
    const [first, ...others] = (written.at(-1) ?? '').split('\n')
    expect(first?.startsWith(`${erased}launch 1/3 · block 5/40 · `)).toBe(true)
    expect(others).toEqual(['  file  take 2.00 ±0 %'])
    progress.starting({ launch: 1, arm: 'memory' })
    expect(written.at(-1)).toBe(`${twoErased}launch 2/3 · starting memory\n  file  take 2.00 ±0 %`)
    progress.close()
    expect(written.at(-1)).toBe(twoErased)
  })

  test('never wrap or scroll: they are cut to the terminal', () => {
    const many = ['a', 'b', 'c'].map((name) => ({ ...contests[0], name, arm: 'file', against: 'memory' }))
    const { progress, written } = screen({
      redraws: true,
      contests: many,
      size: () => ({ columns: 20, rows: 3 }),
    })
    for (const measured of blocks([2, 2, 2, 2])) {
      progress.measured(measured)
      progress.block(block)
    }
    const [last = ''] = written.slice(-1)
    const lines = last.slice(last.lastIndexOf('K') + 1).split('\n')
    expect(lines.map(({ length }) => length <= 19)).toEqual([true, true])
  })

  test('are told after each launch where nothing is redrawn, and never when quiet', () => {
    for (const quiet of [false, true]) {
      const { progress, text } = screen({ contests, quiet })
      blocks([2, 2, 2, 2]).forEach((measured) => {
        progress.measured(measured)
        progress.block(block)
      })
      progress.launchEnded(0)
      expect(text().includes('after launch 1/3, roughly:\n  file  take 2.00 ±0 %\n')).toBe(!quiet)
    }
  })

  test('cost nothing while slices are handed over: nothing is written', () => {
    const { progress, written } = screen({ redraws: true, contests })
    for (const measured of blocks([2, 2, 2, 2, 2])) progress.measured(measured)
    expect(written).toEqual([])
  })
})

describe('the course of a plan', () => {
  test('shows every strategy beside the baseline, or head beside base', () => {
    expect(
      courseOf(planOf([memory, entrant('file'), entrant('absent', { skipped: 'no' })])).contests,
    ).toEqual([{ name: 'file', arm: 'file', against: 'memory' }])
    expect(courseOf(comparedRun().plan).contests).toEqual([
      { name: 'memory', arm: 'memory', against: 'memory@base' },
      { name: 'sqlite', arm: 'sqlite', against: 'sqlite@base' },
    ])
  })

  test('knows the end of a run that keeps a budget, and of no other', () => {
    const strategies = [memory, entrant('file')]
    expect(courseOf(planOf(strategies)).budgetMs).toBe(60_000)
    expect(courseOf(planOf(strategies, { studies: ['timing', 'micro'] })).budgetMs).toBeUndefined()
    expect(
      courseOf(planOf(strategies, { studies: ['correctness'], thorough: true })).budgetMs,
    ).toBeUndefined()
    const { budgetMs = 0, afterMs = 0 } = courseOf(
      planOf(strategies, { studies: ['timing', 'correctness'], budgetSeconds: 170 }),
    )
    expect([budgetMs, afterMs > 20_000]).toEqual([170_000, true])
  })

  test('counts what comes after the launches as time left, and as progress', () => {
    const { progress, text } = screen({ afterMs: 50_000 })
    progress.block({ ...block, launch: 2, spentMs: 50_000 })
    expect(text()).toContain('75.0 % · at most 0:50 left')
  })

  test('tells the time that is left of a budget beside every other step', () => {
    const { progress, clock, text } = screen({ budgetMs: 100_000 })
    clock.ms = 40_000
    progress.note('correctness · 1/2 · file')
    expect(text()).toBe('correctness · 1/2 · file · at most 1:00 left\n')
  })
})
