import type { CaptchaStore } from '../../../src/strategy.js'
import { newId } from './key.js'

/** What a key-value library offers a take: no verb of its own, but a removal that says whether it removed. */
export interface KeyValue {
  get(id: string): Promise<string | undefined>
  set(id: string, answer: string, ttlMs: number): Promise<unknown>
  delete(id: string): Promise<boolean>
}

/** Get, then delete, and the answer for whoever was told that there was something to delete. */
export function getThenDelete(entries: KeyValue): Omit<CaptchaStore, 'close'> {
  return {
    async issue(answer, ttlMs) {
      const id = newId()
      await entries.set(id, answer, ttlMs)
      return id
    },
    read: (id) => entries.get(id),
    async take(id) {
      const answer = await entries.get(id)
      if (answer === undefined) return undefined
      return (await entries.delete(id)) ? answer : undefined
    },
  }
}
