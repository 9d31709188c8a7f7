import type { AppOptions } from './app.js'
import { createCaller } from './call.js'
import type { Config } from './config.js'
import { loadStrategy } from './load-strategy.js'
import { openPrimaryChannel, type PrimaryChannel } from './member.js'

/** primary → worker, first: who you are. */
export interface Start {
  readonly kind: 'start'
  readonly workerId: number
  readonly instance: string
  readonly handoff: unknown
}

export type ToWorker = Start | { readonly kind: 'drain' }

/** worker → primary */
export type WorkerReport =
  | { readonly kind: 'hello' }
  | { readonly kind: 'listening' }
  | { readonly kind: 'failed'; readonly message: string }

/** What a worker serves. */
export interface App {
  listen(at: { readonly host: string; readonly port: number }): Promise<unknown>
  close(): Promise<unknown>
}

export type BuildApp = (options: AppOptions) => App

/** Open the store, build the app, listen; close in reverse order when told to drain. */
export async function runWorker(config: Config, buildApp: BuildApp): Promise<void> {
  // The primary coordinates the end: a Ctrl-C in a terminal reaches every process of the group at once.
  process.on('SIGINT', () => undefined)
  const primary = openPrimaryChannel()
  const caller = createCaller(primary.openCalls)
  const drained = new Promise<void>((resolve) => {
    process.once('SIGTERM', resolve)
    primary.listen((message) => {
      if (message?.kind === 'drain') resolve()
    })
  })
  const { workerId, instance, handoff } = await started(primary)
  try {
    const { dataDir, workers, secret, services, ttlMs, render, revealAnswers } = config
    const strategy = await loadStrategy(config.strategy)
    const store = await strategy.open({
      dataDir,
      workerId,
      workers,
      secret,
      services,
      handoff,
      call: caller.call,
    })
    const app = buildApp({
      store,
      ttlMs,
      render,
      revealAnswers,
      workerId,
      instance,
      onStoreError: complain(workerId),
    })
    await app.listen({ host: config.host, port: config.port })
    await report(primary, { kind: 'listening' })
    await drained
    await app.close()
    await store.close()
  } catch (error) {
    await report(primary, {
      kind: 'failed',
      message: error instanceof Error ? error.message : String(error),
    })
  } finally {
    caller.close()
    primary.close()
  }
}

/** Asks for the start message: one sent unasked may come before this module listens, and is then lost. */
function started(primary: PrimaryChannel): Promise<Start> {
  return new Promise((resolve) => {
    primary.listen((message) => {
      if (message?.kind === 'start') resolve(message)
    })
    void report(primary, { kind: 'hello' })
  })
}

/** Resolves when the message is on its way, or cannot be: then the primary is gone and this process with it. */
function report({ send }: PrimaryChannel, message: WorkerReport): Promise<void> {
  return new Promise((resolve) => send(message, () => resolve()))
}

/** One line on stderr at the first failure and after each doubling of their number: a broken medium must not flood the log. */
function complain(workerId: number): (cause: unknown) => void {
  let failures = 0
  return (cause) => {
    failures += 1
    if (!Number.isInteger(Math.log2(failures))) return
    const reason = cause instanceof Error ? cause.message : String(cause)
    process.stderr.write(
      `crossworker: worker ${workerId}: the store failed (${failures} so far): ${reason}\n`,
    )
  }
}
