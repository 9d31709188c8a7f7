import type { WorkerProcess } from '../../src/primary.js'
import type { Captcha } from './ledger.js'
import { Refusal } from './refusal.js'
import type { Scene } from './scene.js'
import type { Told } from './talk.js'
import { endingOfRace, endingOfReplay, failedIssue, issuedText, type Step, type Story } from './telling.js'

/** What an attacker would do with a right answer; the demo, which knows the answers of its own captchas, does it in his place. */

/**
 * Gives an accepted captcha to another worker.
 * @param accepted the person's own; without one the demo logs in first, at the worker that issued it
 * @throws Refusal when no two workers run
 */
export async function replay(scene: Scene, accepted?: Captcha): Promise<Story> {
  const [issuer, other] = twoWorkers(scene)
  if (accepted !== undefined) {
    const verifier = otherThan(scene, accepted.issuer)
    return replayed(scene, accepted, { steps: [acceptedBefore(accepted)], verifier })
  }
  const { captcha, told } = await scene.issue(issuer)
  if (captcha === undefined) return { steps: [], ...failedIssue(told.result, told.reason) }
  const first = await scene.take(issuer, captcha, captcha.answer)
  const steps = [issuedStep(captcha), answeredStep(scene, captcha, first, 1)]
  if (first.result !== 'accepted')
    return {
      steps,
      moral: 'There is nothing to replay: it was not accepted in the first place.',
      mood: 'bad',
    }
  return replayed(scene, captcha, { steps, verifier: other })
}

async function replayed(
  scene: Scene,
  captcha: Captcha,
  { steps, verifier }: { readonly steps: readonly Step[]; readonly verifier: WorkerProcess },
): Promise<Story> {
  const told = await scene.take(verifier, captcha, captcha.answer)
  return {
    steps: [...steps, answeredStep(scene, captcha, told, (steps.at(-1)?.time ?? 0) + 1)],
    ...endingOfReplay(scene.entrant, verifier, told.result),
  }
}

/**
 * Gives one captcha to its issuer and to another worker at once.
 * @throws Refusal when no two workers run, or they cannot be reached
 */
export async function raceTwo(scene: Scene): Promise<Story> {
  const [issuer, other] = twoWorkers(scene)
  const { captcha, told } = await scene.issue(issuer)
  if (captcha === undefined) return { steps: [], ...failedIssue(told.result, told.reason) }
  const { id, answer } = captcha
  const all = await scene.talk.race([issuer.id, other.id], { verb: 'take', id, answer })
  if (all === undefined) throw new Refusal('the two workers could not be reached together: try again')
  for (const one of all) scene.took(captcha, one)
  return {
    steps: [issuedStep(captcha), ...all.map((one) => answeredStep(scene, captcha, one, 1))],
    ...endingOfRace(
      scene.entrant,
      all.map(({ result }) => result),
    ),
  }
}

function issuedStep({ issuer, number }: Captcha): Step {
  return { time: 0, afterMs: 0, workers: [issuer], what: issuedText(number) }
}

function acceptedBefore({ issuer, number }: Captcha): Step {
  return { time: 0, afterMs: 0, workers: [issuer], what: `issued captcha ${number}, and it was accepted` }
}

function answeredStep(scene: Scene, { issuer, issuedAtMs }: Captcha, told: Told, time: number): Step {
  const { result, atMs, worker = issuer.id } = told
  return { time, afterMs: atMs - issuedAtMs, workers: [scene.worker(worker)], what: 'answered', result }
}

function twoWorkers(scene: Scene): readonly [WorkerProcess, WorkerProcess] {
  const one = scene.pick(scene.running())
  if (one === undefined) throw new Refusal('no worker runs at the moment: try again in a second')
  return [one, otherThan(scene, one)]
}

function otherThan(scene: Scene, { id }: WorkerProcess): WorkerProcess {
  const other = scene.pick(scene.running().filter((worker) => worker.id !== id))
  if (other === undefined) throw new Refusal('no other worker runs at the moment: try again in a second')
  return other
}
