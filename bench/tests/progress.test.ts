import { describe, expect, test } from 'vitest'
import { createProgress } from '../progress.js'

function screen(more: { redraws?: boolean; quiet?: boolean } = {}) {
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
