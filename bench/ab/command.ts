import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as wait } from 'node:timers/promises'
import { killGroup } from '../processes.js'

/** How a command is run. */
export interface CommandOptions {
  readonly cwd: string
  /** Ends the command, and whatever it started, at once. */
  readonly signal?: AbortSignal
  /** More than it may take, ms; 15 minutes unless told. */
  readonly limitMs?: number
  /** Told of its process group: a negative number, as `kill` takes it. */
  readonly started?: (group: number) => void
}

const usualLimitMs = 15 * 60_000

/** What it wrote last may come after its end, ms; a daemon it left holds the pipes open for ever. */
const drainLimitMs = 1_000

/** It could not be run or did not end with 0; the message has its last words. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
}

/** What a surrounding git hook says of a repository is not about the one that is asked for here. */
const misleading = ['GIT_DIR', 'GIT_WORK_TREE', 'GIT_INDEX_FILE', 'GIT_PREFIX']

/**
 * Runs a command in a process group of its own, so that all of it can be ended; what it leaves there ends with it.
 * @returns what it wrote to stdout
 * @throws CommandError
 */
export async function runCommand(
  command: string,
  args: readonly string[],
  { cwd, signal, started, limitMs = usualLimitMs }: CommandOptions,
): Promise<string> {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !misleading.includes(name)))
  const child = spawn(command, [...args], { cwd, env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] })
  const output = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text
    })
  const drained = once(child, 'close').catch(() => undefined)
  const stop = () => killGroup(child)
  let isLate = false
  const limit = setTimeout(() => {
    isLate = true
    stop()
  }, limitMs)
  signal?.addEventListener('abort', stop, { once: true })
  if (child.pid !== undefined) started?.(-child.pid)
  if (signal?.aborted === true) stop()
  try {
    const [code] = await once(child, 'exit')
    stop()
    await Promise.race([drained, wait(drainLimitMs, undefined, { ref: false })])
    if (code === 0) return output.stdout
  } catch (cause) {
    throw new CommandError(`${command}: ${cause instanceof Error ? cause.message : cause}`, { cause })
  } finally {
    clearTimeout(limit)
    signal?.removeEventListener('abort', stop)
    for (const stream of [child.stdout, child.stderr]) stream.destroy()
  }
  if (isLate)
    throw new CommandError(
      `${[command, ...args].join(' ')}: expected an end within ${limitMs / 1_000} s, got none`,
    )
  throw new CommandError(lastWords(output.stderr) ?? lastWords(output.stdout) ?? `${command} failed`)
}

/** Of a compiler the first complaint, of anything else the end. */
function lastWords(text: string): string | undefined {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  return lines.find((line) => /\berror\b/i.test(line)) ?? lines.at(-1)
}
