import { createExpiringMap, type ExpiringMap } from '../../../../src/strategies/memory.js'
import type { CaptchaStore } from '../../../../src/strategy.js'
import { newId } from './captcha.js'

/**
 * A sound store over one Map.
 * @param changed what a strategy does otherwise with it
 */
export function mapStore(
  changed: (captchas: ExpiringMap) => Partial<CaptchaStore> = () => ({}),
): CaptchaStore {
  const captchas = createExpiringMap()
  return {
    issue(answer, ttlMs) {
      const id = newId()
      captchas.set(id, answer, ttlMs)
      return id
    },
    read: captchas.get,
    take: captchas.take,
    close: captchas.close,
    ...changed(captchas),
  }
}
