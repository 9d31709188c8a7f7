import type { Strategy } from '../../../src/strategy.js'
import { newId } from './parts/captcha.js'
import { inPrimary } from './parts/in-primary.js'

/** The mistake: what has expired is refused when somebody asks, and otherwise stays in memory for ever. */
const neverForgets: Strategy = {
  name: 'never-forgets',
  summary: 'One Map in the primary, asked by messages; expired captchas are deleted when they are asked for.',
  claims: { scope: 'host', singleUse: true, survives: 'worker-crash' },
  ...inPrimary(() => {
    const captchas = new Map<string, { readonly answer: string; readonly expiresAt: number }>()

    function living(id: string): string | undefined {
      const found = captchas.get(id)
      if (found === undefined || found.expiresAt > Date.now()) return found?.answer
      captchas.delete(id)
      return undefined
    }

    return {
      issue(answer, ttlMs) {
        const id = newId()
        captchas.set(id, { answer, expiresAt: Date.now() + ttlMs })
        return id
      },
      read: living,
      take(id) {
        const answer = living(id)
        captchas.delete(id)
        return answer
      },
      close() {},
    }
  }),
}

export default neverForgets
