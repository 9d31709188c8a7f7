import { createRequire } from 'node:module'
import { drawBytes } from './draw-bytes.js'

/** The package's own types leave out that it can be called with a text. */
type DrawPicture = (text: string, options: { noise: number; color: boolean }) => string

/** Loaded with the first picture: its font takes 30 ms, which a server that draws none need not spend. */
let drawPicture: DrawPicture | undefined

/** 32 symbols, so that one random byte masked to five bits is unbiased; without the look-alikes I, O, 0 and 1. */
const alphabet = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789'

/** Draws a code of six symbols, 30 bits, from the system's random source. */
export function drawCode(random: (bytes: number) => Uint8Array = drawBytes): string {
  let code = ''
  for (const byte of random(6)) code += alphabet.charAt(byte & 31)
  return code
}

/**
 * Draws the picture of a code as SVG text, about 9 KB and 0.2 ms.
 * svg-captcha is unmaintained and its pictures can be read by machines: it stands for the cost of drawing, not for security.
 */
export function renderCode(code: string): string {
  drawPicture ??= createRequire(import.meta.url)('svg-captcha') as DrawPicture
  return drawPicture(code, { noise: 2, color: true })
}

/** What `RENDER=none` answers in place of a picture, so that drawing does not drown the stores in a timing. */
export const blankPicture = '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'

/** Forgives case and surrounding blanks; applied to both sides of the comparison. */
export function normaliseAnswer(answer: string): string {
  return answer.trim().toUpperCase()
}
