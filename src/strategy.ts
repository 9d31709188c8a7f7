/**
 * THE CONTRACT between a captcha server and whatever remembers its captchas.
 *
 * A captcha stands for every short-lived, single-use secret a server keeps between two requests.
 * The store is asked in three domain verbs instead of get/set/delete, so that each backend can be atomic
 * in its own way and nothing above it can check first and act later: two workers that both `get` an answer
 * and then both `delete` it have accepted one captcha twice.
 *
 * Laws every strategy obeys (`src/conformance.ts` tests them, the correctness study observes them):
 *
 * 1. *Issued means findable.* Once `issue` has returned an id, `read` and `take` find it in every worker of the
 *    claimed scope until it expires or is taken.
 * 2. *One winner.* Of any number of concurrent `take(id)` calls in the claimed scope, at most one gets the answer.
 * 3. *`undefined` is a fact.* It means never issued, expired or already taken. A store that cannot reach its
 *    medium, or finds it corrupt, throws: the app then answers 503. An error must never look like an unknown
 *    captcha, and never like an accepted one.
 * 4. *Expiry is exact for the caller.* From `ttlMs` after `issue` returned, `read` and `take` say `undefined`,
 *    whether or not a sweeper has been by.
 * 5. *Ids are opaque.* base64url text, 1 to 512 characters, unguessable (at least 128 random bits). The app refuses
 *    anything else, but a store must still take any such text without harm: `constructor` and `__proto__` are ids too.
 * 6. *Everything ends.* What has expired is swept away within seconds; `close` leaves no timer, handle or lock.
 * 7. *Libraries are imported late.* A strategy imports its npm library inside `open` or `host`, so a missing native
 *    module makes that strategy "skipped: reason" and nothing else.
 */

export type Awaitable<T> = T | Promise<T>

/** The widest group of workers that see one another's captchas: each rung contains the ones before it. */
export type Scope = 'process' | 'threads' | 'host' | 'fleet'

/** What acknowledged issues and acknowledged takes outlive; each contains the ones before it. */
export type Survives = 'nothing' | 'worker-crash' | 'restart' | 'power-loss'

/** What a strategy promises. The judge holds it to exactly this, so claim what you can keep. */
export interface Claims {
  readonly scope: Scope
  /** At most one successful `take` per captcha within `scope`. */
  readonly singleUse: boolean
  /** After such an event acknowledged issues are still there and acknowledged takes stay taken. */
  readonly survives: Survives
}

/** A way to remember captchas. A third party's module has one as its default export. */
export interface Strategy {
  /** File name = command-line name = row in the report; `[a-z0-9-]`, at most 40 characters. */
  readonly name: string
  /** One sentence. */
  readonly summary: string
  readonly claims: Claims
  /** Why a deliberately flawed strategy is shown. Its broken claims are reported and do not fail a run. */
  readonly exhibit?: string
  /** Network engines it needs: a run finds or starts them and gives their addresses as `services`. */
  readonly engines?: readonly Engine[]
  /**
   * Opens the store of one worker; called once per worker, after `host` has resolved.
   * @throws when the medium or a library is missing: the worker then does not start.
   */
  open(worker: WorkerContext): Awaitable<CaptchaStore>
  /**
   * The half that lives in the cluster primary, for strategies that need one: to prepare a medium before any worker
   * opens it, to own data, or to answer `call`. Called once, before the first `open`.
   */
  host?(primary: PrimaryContext): Awaitable<Host>
}

/** An open strategy in one worker. */
export interface CaptchaStore {
  /**
   * Stores `answer` for `ttlMs` milliseconds (> 0).
   * @returns a fresh id (law 5), only after the issue is as durable as `claims.survives` says
   * @throws when the medium did not take it: no id may then be honoured
   */
  issue(answer: string, ttlMs: number): Awaitable<string>
  /**
   * Looks without consuming: to draw the picture again. Never authorises anything, so it alone may be stale after
   * a take by another worker.
   * @returns the answer, or `undefined` (law 3)
   */
  read(id: string): Awaitable<string | undefined>
  /**
   * Removes and returns the answer, atomically (law 2).
   * @returns the answer to one caller, `undefined` to all others
   * @throws when the outcome is not known: the caller must not try the same id again
   */
  take(id: string): Awaitable<string | undefined>
  /** Ends timers, handles and locks. Called once, after the last request. */
  close(): Awaitable<void>
}

export interface WorkerContext {
  /** This host's own directory: workers of one host share it, hosts do not. */
  readonly dataDir: string
  /** 0 … workers-1; a worker that replaces a crashed one takes over its number. */
  readonly workerId: number
  readonly workers: number
  /** 32 bytes, the same in every worker of every host. */
  readonly secret: Uint8Array
  readonly services: Services
  /** Whatever `host` handed over: JSON between processes, a structured clone between threads. */
  readonly handoff: unknown
  /**
   * Asks the strategy's `host` half in the primary.
   * @throws the error of `Host.handle`, or a time-out after 5 s, whose outcome is not known: never repeat a take
   */
  call(message: unknown): Promise<unknown>
}

export type Engine = 'redis' | 'postgres'

/** Addresses of network engines; absent when the run has none. */
export interface Services {
  readonly redisUrl?: string
  readonly postgresUrl?: string
}

export interface PrimaryContext {
  readonly dataDir: string
  readonly workers: number
  readonly topology: Topology
  /** That of the workers. */
  readonly secret: Uint8Array
  readonly services: Services
  /** Name or address at which the other hosts of the fleet reach this one. */
  readonly fleetHost: string
}

export type Topology = 'processes' | 'threads'

export interface Host {
  /** Reaches every worker as `WorkerContext.handoff`. */
  readonly handoff?: unknown
  /** Answers one `WorkerContext.call`; what it throws reaches the caller as an Error of the same message. */
  handle?(message: unknown, workerId: number): Awaitable<unknown>
  /** Called once, after every worker has gone. */
  close(): Awaitable<void>
}

/** Law 5: the only ids the app lets through to a store. */
export const idPattern = /^[A-Za-z0-9_-]{1,512}$/
