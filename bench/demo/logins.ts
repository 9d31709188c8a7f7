import { setTimeout as wait } from 'node:timers/promises'
import type { Scene } from './scene.js'
import { countLogin, expectedRate } from './tally.js'

/** Logins the demo does itself: it asks any worker for a captcha and sends the right answer to any worker, once. */

/** @param paceMs between two logins, so that somebody can watch */
export async function logIn(
  scene: Scene,
  { count, paceMs, done }: { readonly count: number; readonly paceMs: number; done(login: number): void },
): Promise<void> {
  for (let login = 1; login <= count && !scene.signal.aborted; login += 1) {
    await logInOnce(scene)
    done(login)
    if (login < count) await wait(paceMs)
  }
}

async function logInOnce(scene: Scene): Promise<void> {
  const running = scene.running()
  const issuer = scene.pick(running)
  const captcha = issuer && (await scene.issue(issuer)).captcha
  const around = scene.running()
  const verifier = scene.pick(around)
  if (captcha === undefined || verifier === undefined)
    return scene.count((tally) => ({ ...tally, unissued: tally.unissued + 1 }))
  const { result } = await scene.take(verifier, captcha, captcha.answer)
  scene.count((tally) =>
    countLogin(tally, {
      isSame: verifier.pid === captcha.issuer.pid,
      accepted: result === 'accepted',
      expected: expectedRate(scene.entrant.claims, around.length),
    }),
  )
}
