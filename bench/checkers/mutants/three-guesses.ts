import type { Strategy } from '../../../src/strategy.js'
import { newId } from './parts/captcha.js'
import { mapStore } from './parts/in-map.js'
import { inPrimary } from './parts/in-primary.js'

/** The mistake: a captcha has three takes in it, "because people mistype". Machines do too. */
const threeGuesses: Strategy = {
  name: 'three-guesses',
  summary: 'One Map in the primary; a captcha ends with its third take.',
  claims: { scope: 'host', singleUse: true, survives: 'worker-crash' },
  ...inPrimary(() =>
    mapStore((captchas) => ({
      issue(answer, ttlMs) {
        const id = newId()
        for (const guess of [1, 2, 3]) captchas.set(`${id} ${guess}`, answer, ttlMs)
        return id
      },
      read: (id) => captchas.get(`${id} 3`),
      take: (id) => captchas.take(`${id} 1`) ?? captchas.take(`${id} 2`) ?? captchas.take(`${id} 3`),
    })),
  ),
}

export default threeGuesses
