import type { WorkerProcess } from '../../src/primary.js'
import type { Result } from '../history.js'
import type { Entrant } from '../roster.js'
import type { OpenEngines } from '../services.js'
import type { Random } from '../statistics.js'
import { type Server, startServer } from '../topology.js'
import { type Captcha, createLedger, type Ledger } from './ledger.js'
import { openTalk, type Talk, type Told } from './talk.js'
import { countDuration, emptyTally, type Tally } from './tally.js'

/** One strategy's running server, and what the demo has tried on it. */
export interface Scene extends AsyncDisposable {
  readonly entrant: Entrant
  readonly server: Server
  readonly talk: Talk
  readonly ledger: Ledger
  readonly tally: Tally
  /** Those that run, by number. */
  running(): readonly WorkerProcess[]
  /** Who a number is at the moment. */
  worker(id: number): WorkerProcess
  /** Any of these, with the same chance; `undefined` when there is none. */
  pick(among: readonly WorkerProcess[]): WorkerProcess | undefined
  issue(worker: WorkerProcess, options?: { readonly picture: boolean }): Promise<Issue>
  /** Sends an answer; the ledger learns what came of it. */
  take(worker: WorkerProcess, captcha: Captcha, answer: string): Promise<Told>
  /** What a take came to, when it was sent by other means. */
  took(captcha: Captcha, told: Told): void
  count(change: (tally: Tally) => Tally): void
  kill(worker: WorkerProcess): void
  /** Aborted when the demo ends. */
  readonly signal: AbortSignal
}

export type Issue =
  | { readonly captcha: Captcha; readonly told: Told }
  | { readonly captcha?: never; readonly told: Told }

export interface SceneOptions {
  readonly entrant: Entrant
  readonly workers: number
  readonly ttlMs: number
  /** 64 hexadecimal digits. */
  readonly secret: string
  readonly engines: OpenEngines
  readonly random: Random
  /** Called when something has happened that the page shows. */
  changed(): void
}

const connectLimitMs = 10_000

/**
 * Starts a strategy's server and connects to each of its workers.
 * @throws ServerError when it does not come to listen; nothing is left behind then
 */
export async function openScene(options: SceneOptions): Promise<Scene> {
  const { entrant, workers, ttlMs, secret, engines } = options
  const strategy = entrant.module
  const server = await startServer({ strategy, workers, ttlMs, secret, engines, render: 'svg' })
  const talk = openTalk(server)
  await talk.ready(connectLimitMs)
  return sceneOf(server, talk, options)
}

function sceneOf(server: Server, talk: Talk, { entrant, ttlMs, random, changed }: SceneOptions): Scene {
  const ending = new AbortController()
  const killed = new Set<number>()
  const isRunning = (pid: number) => !killed.has(pid) && exists(pid)
  const ledger = createLedger(entrant.claims, { nowMs: () => performance.now(), isRunning })
  let tally = emptyTally

  function count(change: (tally: Tally) => Tally): void {
    tally = change(tally)
    changed()
  }

  function worker(id: number): WorkerProcess {
    return server.workers.find((one) => one.id === id) ?? { id, pid: 0 }
  }

  function took(captcha: Captcha, { result, storeUs }: Told): void {
    if (isTaken(result)) ledger.took(captcha, result === 'accepted')
    count((before) => countDuration(before, 'takesUs', storeUs))
  }

  return {
    entrant,
    server,
    talk,
    ledger,
    get tally() {
      return tally
    },
    running: () => server.workers.filter(({ pid }) => isRunning(pid)).toSorted((a, b) => a.id - b.id),
    worker,
    pick: (among) => among[Math.floor(random() * among.length)],
    async issue({ id }, { picture } = { picture: false }) {
      const told = await talk.ask(id, { verb: 'issue' })
      if (told.id === undefined || told.answer === undefined) return { told }
      count((before) => countDuration(before, 'writesUs', told.storeUs))
      const { atMs: issuedAtMs, answer } = told
      // Over the same connection: another worker may not know it, and there would be nothing to type.
      const drawn = picture ? await talk.ask(id, { verb: 'read', id: told.id }) : undefined
      const fresh = { id: told.id, answer, issuer: worker(told.worker ?? id), issuedAtMs }
      const svg = drawn?.result === 'found' ? drawn.body : ''
      const expiry = { expiresAtMs: issuedAtMs + ttlMs, expiresAt: Date.now() + ttlMs }
      return { told, captcha: ledger.add({ ...fresh, ...expiry, picture: svg }) }
    },
    async take({ id }, captcha, answer) {
      const told = await talk.ask(id, { verb: 'take', id: captcha.id, answer })
      took(captcha, told)
      return told
    },
    took,
    count,
    kill({ pid }) {
      process.kill(pid, 'SIGKILL')
      killed.add(pid)
      changed()
    },
    signal: ending.signal,
    async [Symbol.asyncDispose]() {
      ending.abort()
      talk[Symbol.dispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

function isTaken(result: Result): boolean {
  return result === 'accepted' || result === 'wrong'
}

function exists(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
