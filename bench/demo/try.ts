import type { WorkerProcess } from '../../src/primary.js'
import type { Captcha } from './ledger.js'
import { Refusal } from './refusal.js'
import type { Scene } from './scene.js'
import { endingOfTry, failedIssue, issuedText, openingOfTry, type Step, type Story } from './telling.js'

/** A person's own try: the server draws a picture, the person types what it shows, and nobody else does. */

export interface Try {
  /** Absent when none was issued. */
  readonly captcha?: Captcha
  readonly story: Story
}

export const routes = ['any', 'same', 'another'] as const

/** Where an answer is sent: to any worker, as a load balancer does; to the issuer, as a sticky one does; to another. */
export type Route = (typeof routes)[number]

/** @throws Refusal when no worker runs */
export async function beginTry(scene: Scene): Promise<Try> {
  const worker = someone(scene, scene.running())
  const { captcha, told } = await scene.issue(worker, { picture: true })
  if (captcha === undefined) return { story: { steps: [], ...failedIssue(told.result, told.reason) } }
  const first: Step = { time: 0, afterMs: 0, workers: [captcha.issuer], what: issuedText(captcha.number) }
  return { captcha, story: { steps: [first], ...openingOfTry(scene.entrant, captcha.issuer) } }
}

/** @throws Refusal when there is nothing to answer, or nobody to send it to */
export async function answerTry(
  scene: Scene,
  { captcha, story }: Try,
  { answer, route }: { readonly answer: string; readonly route: Route },
): Promise<Try> {
  if (captcha === undefined) throw new Refusal('there is no captcha to answer: take a new one')
  const verifier = someone(scene, candidates(scene, captcha.issuer, route))
  const { accepted = false } = scene.ledger.find(captcha.number) ?? {}
  const fate = scene.ledger.fateOf(scene.ledger.find(captcha.number) ?? captcha)
  const told = await scene.take(verifier, captcha, answer)
  const { result, worker = verifier.id, atMs } = told
  const step: Step = {
    time: (story.steps.at(-1)?.time ?? 0) + 1,
    afterMs: atMs - captcha.issuedAtMs,
    workers: [scene.worker(worker)],
    what: 'answered',
    result,
  }
  const { number, issuer } = captcha
  const attempt = { number, issuer, verifier, fate, accepted, workers: scene.server.workers.length }
  return {
    captcha,
    story: { steps: [...story.steps, step], ...endingOfTry(scene.entrant, attempt, result) },
  }
}

/** By number: a worker that replaces the issuer takes over its number, and its sticky clients. */
function candidates(scene: Scene, issuer: WorkerProcess, route: Route): readonly WorkerProcess[] {
  const isIssuer = ({ id }: WorkerProcess) => id === issuer.id
  const running = scene.running()
  if (route === 'any') return running
  return running.filter((worker) => isIssuer(worker) === (route === 'same'))
}

function someone(scene: Scene, among: readonly WorkerProcess[]): WorkerProcess {
  const worker = scene.pick(among)
  if (worker === undefined) throw new Refusal('no such worker runs at the moment: try again in a second')
  return worker
}
