import { describe, expect, test } from 'vitest'
import { blankPicture, drawCode, normaliseAnswer, renderCode } from '../captcha.js'

describe('drawCode', () => {
  test('draws six symbols without look-alikes', () => {
    for (let count = 0; count < 500; count += 1) expect(drawCode()).toMatch(/^[A-HJ-NP-Z2-9]{6}$/)
  })

  test('gives each of the 32 symbols exactly eight of the 256 bytes', () => {
    const counts = new Map<string, number>()
    for (let byte = 0; byte < 256; byte += 1) {
      const symbol = drawCode(() => Uint8Array.of(byte))
      counts.set(symbol, (counts.get(symbol) ?? 0) + 1)
    }
    expect(counts.size).toBe(32)
    expect([...counts.values()]).toEqual(Array(32).fill(8))
  })

  test('asks for as many random bytes as it has symbols', () => {
    const asked: number[] = []
    const code = drawCode((bytes) => {
      asked.push(bytes)
      return new Uint8Array(bytes)
    })
    expect(asked).toEqual([code.length])
  })

  test('does not repeat itself', () => {
    const codes = new Set(Array.from({ length: 1_000 }, () => drawCode()))
    expect(codes.size).toBeGreaterThan(990)
  })
})

describe('normaliseAnswer', () => {
  test('forgives case and surrounding blanks, and nothing else', () => {
    expect(normaliseAnswer(' k7Qx2m\t\n')).toBe('K7QX2M')
    expect(normaliseAnswer('K7 QX2M')).toBe('K7 QX2M')
    expect(normaliseAnswer('')).toBe('')
  })

  test('leaves a drawn code as it is', () => {
    const code = drawCode()
    expect(normaliseAnswer(code)).toBe(code)
  })
})

describe('pictures', () => {
  test('are SVG, and do not carry the code as text', () => {
    const svg = renderCode('K7QX2M')
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg"[\s\S]*<\/svg>$/)
    expect(svg).not.toContain('K7QX2M')
    expect(svg).not.toContain('<text')
  })

  test('differ from drawing to drawing of one code', () => {
    expect(renderCode('K7QX2M')).not.toBe(renderCode('K7QX2M'))
  })

  test('are a tiny fixed SVG where none is drawn', () => {
    expect(blankPicture).toMatch(/^<svg .*\/>$/)
    expect(blankPicture.length).toBeLessThan(100)
  })
})
