import { once } from 'node:events'
import { createSharedMemory } from '../strategies/shared-memory.js'
import type { CaptchaStore } from '../strategy.js'

/** A worker process of the shared-memory tests: opens the segment it is told, then does what it is asked, one job at a time. */
export type Job =
  | { readonly kind: 'issue'; readonly count: number; readonly ttlMs: number }
  | { readonly kind: 'take'; readonly ids: readonly string[]; readonly atMs: number }
  | { readonly kind: 'churn'; readonly ttlMs: number; readonly untilMs: number }
  | { readonly kind: 'watch'; readonly captchas: readonly Captcha[]; readonly untilMs: number }

export interface Captcha {
  readonly id: string
  readonly answer: string
}

export interface Report {
  readonly issued?: readonly Captcha[]
  readonly taken?: readonly (string | null)[]
  /** Answers that were not the captcha's own, and captchas found again after they had been taken. */
  readonly wrong?: number
  readonly rounds?: number
}

const [handoff = '', workerId = ''] = process.argv.slice(2)
let issued = 0

function issue(store: CaptchaStore, ttlMs: number): Captcha {
  issued += 1
  const answer = `${workerId}-${process.pid}-${issued}`.padEnd(40 + (issued % 60), '.')
  return { id: String(store.issue(answer, ttlMs)), answer }
}

/** Issues and takes without a pause, so that a signal finds it in the middle of something. */
function churn(store: CaptchaStore, { ttlMs, untilMs }: { ttlMs: number; untilMs: number }): Report {
  let [wrong, rounds] = [0, 0]
  while (Date.now() < untilMs) {
    const endsMs = Date.now() + ttlMs
    const captchas = Array.from({ length: 3 }, () => issue(store, ttlMs))
    for (const { id, answer } of captchas) {
      const told = [store.read(id), store.take(id)]
      // Stopped for as long as a captcha lives, it finds none: that is no loss.
      const isLate = Date.now() >= endsMs
      if (told.some((got) => got !== answer && !(isLate && got === undefined))) wrong += 1
      if (store.take(id) !== undefined) wrong += 1
    }
    rounds += 1
  }
  return { wrong, rounds }
}

/** Captchas that others take meanwhile, in slots that are used again at once: its own answer, or nothing. */
function watch(
  store: CaptchaStore,
  { captchas, untilMs }: { captchas: readonly Captcha[]; untilMs: number },
) {
  let [wrong, rounds] = [0, 0]
  while (Date.now() < untilMs) {
    for (const { id, answer } of captchas) if (![answer, undefined].includes(read(store, id))) wrong += 1
    rounds += 1
  }
  return { wrong, rounds }
}

function read(store: CaptchaStore, id: string): string | undefined {
  const answer = store.read(id)
  return answer instanceof Promise ? undefined : answer
}

function take(store: CaptchaStore, ids: readonly string[], atMs: number): Report {
  while (Date.now() < atMs);
  return { taken: ids.map((id) => (store.take(id) as string | undefined) ?? null) }
}

function run(store: CaptchaStore, job: Job): Report {
  if (job.kind === 'issue')
    return { issued: Array.from({ length: job.count }, () => issue(store, job.ttlMs)) }
  if (job.kind === 'take') return take(store, job.ids, job.atMs)
  return job.kind === 'churn' ? churn(store, job) : watch(store, job)
}

const store = await createSharedMemory({ slots: 0 }).open({
  dataDir: '',
  workerId: Number(workerId),
  workers: 4,
  secret: new Uint8Array(32),
  services: {},
  handoff,
  call: () => Promise.reject(new Error('nobody to call')),
})
process.on('message', (job: Job) => process.send?.(run(store, job)))
process.send?.({})
await once(process, 'disconnect')
await store.close()
