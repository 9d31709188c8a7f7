import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { processesMarked } from './leftovers.js'

/** Programs of the package as a user runs them, and what they leave behind. */

export interface End {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface Command {
  readonly child: ChildProcess
  /** Resolves with everything on stderr so far, once it matches. */
  said(pattern: RegExp): Promise<string>
  readonly ended: Promise<End>
  /** Processes of the command that are still there, and what is in its temporary directory. */
  remains(): Promise<{ readonly processes: readonly number[]; readonly files: readonly string[] }>
}

export interface Where {
  readonly cwd: string
  /** A directory in which the command gets a temporary one of its own. */
  readonly folder: string
  /** Begins the mark that every process of the command inherits. */
  readonly prefix: string
  readonly env?: Readonly<Record<string, string>>
}

export async function start(
  entry: string,
  argv: readonly string[],
  { cwd, folder, prefix, env = {} }: Where,
): Promise<Command> {
  const mark = `${prefix}-${randomUUID()}`
  const temporary = join(folder, mark)
  await mkdir(temporary)
  const child = spawn(process.execPath, [entry, ...argv], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      ...env,
      TMPDIR: temporary,
      CROSSWORKER_TEST: mark,
    },
  })
  const output = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text
    })
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal, ...output }))
  return {
    child,
    ended,
    async said(pattern) {
      while (!pattern.test(output.stderr)) {
        const isOver = await Promise.race([
          once(child.stderr, 'data').then(() => false),
          ended.then(() => true),
        ])
        if (isOver && !pattern.test(output.stderr))
          throw new Error(`expected ${pattern} on stderr, got ${JSON.stringify(output.stderr)}`)
      }
      return output.stderr
    },
    remains: async () => ({ processes: processesMarked(mark), files: await readdir(temporary) }),
  }
}

/** What follows the end of a command that had no time to tidy up, within so long, ms. */
export async function remainsAfter(
  command: Command,
  limitMs: number,
): Promise<Awaited<ReturnType<Command['remains']>>> {
  const untilMs = performance.now() + limitMs
  for (;;) {
    const found = await command.remains()
    if ((found.processes.length === 0 && found.files.length === 0) || performance.now() > untilMs)
      return found
    await wait(50)
  }
}

/** An end, and what was left at that moment. */
export interface Remaining extends End {
  /** Processes of the run that are still there. */
  readonly processes: readonly number[]
  /** What the run left in its temporary directory. */
  readonly leftovers: readonly string[]
}

/** A command in the folder that has its temporary directory as well. */
export async function runIn(
  place: Pick<Where, 'folder' | 'prefix'>,
  entry: string,
  argv: readonly string[],
): Promise<Remaining> {
  const command = await start(entry, argv, { cwd: place.folder, ...place })
  const end = await command.ended
  const { processes, files } = await command.remains()
  return { ...end, processes, leftovers: files }
}
