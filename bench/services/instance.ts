import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import type { Engine } from '../../src/strategy.js'
import { messageOf } from '../message-of.js'
import { isAlive } from '../processes.js'
import type { OwnEngine, RunningEngine } from './engine.js'
import { guardDirectory } from './guard.js'
import { makeDirectory, type User } from './place.js'

/** How an engine is run from what is installed. */
export interface Recipe {
  readonly engine: Engine
  readonly version: string
  readonly command: string
  readonly user?: User | undefined
  readonly env?: Readonly<Record<string, string>>
  args(directory: string): readonly string[]
  url(directory: string): string
  /** Ends it in good order. */
  readonly stopSignal: NodeJS.Signals
  /** Ends it at once, and leaves nothing in the system. */
  readonly quitSignal: NodeJS.Signals
  /** Fills an empty directory, before the first start. */
  prepare?(directory: string): Promise<void>
  /** @throws Error unless it answers */
  ping(url: string): Promise<void>
  records(url: string): Promise<number>
  /** @returns what is not sound, if anything is */
  inspect(url: string): Promise<string | undefined>
}

/** The longest it may take to answer, and to end, ms: a database that was killed first repairs itself. */
const readyLimitMs = 20_000
const stopLimitMs = 10_000

const pollMs = 10

/**
 * Starts an engine in an empty directory. It ends with the harness, whichever way that goes.
 * @throws Error with the engine's last words when it does not come to answer; nothing is left then
 */
export async function startInstance(recipe: Recipe): Promise<RunningEngine & AsyncDisposable> {
  const directory = await makeDirectory(recipe.engine, recipe.user)
  const guard = guardDirectory(directory)
  const url = recipe.url(directory)
  let child: ChildProcess | undefined

  async function start(): Promise<void> {
    const launched = launch(recipe, directory)
    child = launched
    guard.watch(launched.pid)
    const untilMs = performance.now() + readyLimitMs
    for (;;) {
      const failure = await recipe.ping(url).then(() => undefined, messageOf)
      if (failure === undefined) return
      const isOver = hasEnded(launched) || performance.now() > untilMs
      if (isOver) throw new Error(`${recipe.command} does not answer: ${lastWords(directory) ?? failure}`)
      await wait(pollMs)
    }
  }

  async function end(signal: NodeJS.Signals): Promise<void> {
    const ending = pids()
    strikeAll(signal === 'SIGKILL' ? ending : ending.slice(0, 1), signal)
    const untilMs = performance.now() + stopLimitMs
    while (pids().length > 0 || ending.some(isAlive)) {
      if (performance.now() > untilMs) strikeAll(ending, 'SIGKILL')
      await wait(2)
    }
    guard.watch(undefined)
  }

  function pids(): readonly number[] {
    const pid = child?.pid
    return child === undefined || pid === undefined || hasEnded(child) ? [] : [pid, ...childrenOf(pid)]
  }

  const own: OwnEngine = {
    pids,
    records: () => recipe.records(url),
    inspect: () => recipe.inspect(url),
    start,
    stop: () => end(recipe.stopSignal),
    kill: () => end('SIGKILL'),
    /** The first before the others, and then once more: it makes no new ones meanwhile. */
    pause() {
      strikeAll(pids(), 'SIGSTOP')
      strikeAll(pids(), 'SIGSTOP')
    },
    resume: () => strikeAll(pids(), 'SIGCONT'),
  }

  async function dispose(): Promise<void> {
    own.resume()
    await end(recipe.quitSignal)
    await guard.release()
  }

  try {
    await recipe.prepare?.(directory)
    await start()
    const { engine, version } = recipe
    return { engine, url, version, own, [Symbol.asyncDispose]: dispose }
  } catch (error) {
    await dispose()
    throw error
  }
}

/** In a session of its own: Ctrl-C in a terminal must not end it under the feet of servers that still drain. */
function launch({ command, args, user, env }: Recipe, directory: string): ChildProcess {
  const log = openSync(join(directory, 'log'), 'a')
  try {
    const child = spawn(command, [...args(directory)], {
      cwd: directory,
      detached: true,
      stdio: ['ignore', log, log],
      env: { ...withoutSettings(process.env), LC_ALL: 'C', ...env },
      ...user,
    })
    child.on('error', () => undefined)
    child.unref()
    return child
  } finally {
    closeSync(log)
  }
}

/** PostgreSQL's own variables would be taken for settings of this one. */
function withoutSettings(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const isSetting = (name: string) => /^PG[A-Z]/.test(name) || name === 'REDIS_URL' || name === 'DATABASE_URL'
  return Object.fromEntries(Object.entries(env).filter(([name]) => !isSetting(name)))
}

function hasEnded({ pid, exitCode, signalCode }: ChildProcess): boolean {
  return pid === undefined || exitCode !== null || signalCode !== null
}

/** Those of all its threads; none where the system does not tell. */
function childrenOf(pid: number): readonly number[] {
  try {
    const tasks = readdirSync(`/proc/${pid}/task`)
    const texts = tasks.map((task) => readFileSync(`/proc/${pid}/task/${task}/children`, 'latin1'))
    return texts.flatMap((text) => text.trim().split(' ').map(Number)).filter((child) => child > 0)
  } catch {
    return []
  }
}

/** Those that have gone already are no matter. */
function strikeAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) {
    try {
      process.kill(pid, signal)
    } catch {}
  }
}

function lastWords(directory: string): string | undefined {
  const lines = readFileSync(join(directory, 'log'), 'utf8').split('\n')
  return lines.filter((line) => line.trim() !== '').at(-1)
}
