import { randomBytes } from 'node:crypto'

export interface Captcha {
  readonly answer: string
  /** Unix time in milliseconds. */
  readonly expiresAt: number
}

/** 144 random bits. */
export function newId(): string {
  return randomBytes(18).toString('base64url')
}

/** The answer while its time is not over. */
export function alive(captcha: Captcha | undefined): string | undefined {
  return captcha !== undefined && captcha.expiresAt > Date.now() ? captcha.answer : undefined
}

/** @throws Error when the value is no captcha as it was written */
export function toCaptcha(value: unknown, origin: string): Captcha {
  const { answer, expiresAt }: { answer?: unknown; expiresAt?: unknown } = Object(value)
  if (typeof answer === 'string' && typeof expiresAt === 'number') return { answer, expiresAt }
  throw new Error(`${origin}: expected {"answer":"…","expiresAt":N}, got something else; restore it`)
}
