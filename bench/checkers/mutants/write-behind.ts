import type { Strategy } from '../../../src/strategy.js'
import { alive, newId } from './parts/captcha.js'
import { inPrimary } from './parts/in-primary.js'
import { createdFile, dropExpired, loadCaptchas, replaceFile, serialise } from './parts/json-file.js'

/** The mistake: acknowledged first, written later. What came since the last flush dies with the server. */
const writeBehind: Strategy = {
  name: 'write-behind',
  summary: 'One Map in the primary, saved as JSON every two seconds and loaded at the start.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  ...inPrimary(({ dataDir }) => {
    const captchas = loadCaptchas(dataDir)
    const path = createdFile(dataDir)
    const flusher = setInterval(flush, 2_000).unref()

    function flush(): void {
      dropExpired(captchas)
      replaceFile(path, serialise(captchas))
    }

    return {
      issue(answer, ttlMs) {
        const id = newId()
        captchas.set(id, { answer, expiresAt: Date.now() + ttlMs })
        return id
      },
      read: (id) => alive(captchas.get(id)),
      take(id) {
        const answer = alive(captchas.get(id))
        captchas.delete(id)
        return answer
      },
      close() {
        clearInterval(flusher)
        flush()
      },
    }
  }),
}

export default writeBehind
