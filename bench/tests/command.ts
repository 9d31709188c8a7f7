import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { processesMarked } from './leftovers.js'

/** A program of the package as a user runs it, and what it leaves behind. */

export interface End {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** Processes of the run that are still there. */
  readonly processes: readonly number[]
  /** What the run left in its temporary directory. */
  readonly leftovers: readonly string[]
}

export interface Command {
  readonly child: ChildProcess
  readonly ended: Promise<End>
}

export interface Place {
  readonly folder: string
  /** Of the marks of all its commands. */
  readonly prefix: string
}

/** Each command has a mark of its own, which every process it starts inherits, and a temporary directory of its own. */
export async function runIn(
  { folder, prefix }: Place,
  entry: string,
  argv: readonly string[],
): Promise<Command> {
  const mark = `${prefix}-${randomUUID()}`
  const temporary = join(folder, mark)
  await mkdir(temporary)
  const child = spawn(process.execPath, [entry, ...argv], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, TMPDIR: temporary, CROSSWORKER_TEST: mark },
  })
  const output = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text
    })
  const ended = once(child, 'close').then(async ([code]) => ({
    code,
    ...output,
    processes: processesMarked(mark),
    leftovers: await readdir(temporary),
  }))
  return { child, ended }
}
