import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as wait } from 'node:timers/promises'
import { isAlive } from '../processes.js'

/** strace, attached to running processes, that interferes with some of their system calls. */
export interface Tracer {
  /** Resolves with its last words when it has ended: all it had traced has gone, or it could not begin. */
  readonly ended: Promise<string>
  /** Lets go of the processes, which run on as if nothing had been. */
  detach(): Promise<void>
}

const attachLimitMs = 3_000

/** @returns why there is no tracing here, if there is none */
export function tracingLacks(): string | undefined {
  const { error, status } = spawnSync('strace', ['-V'], { stdio: 'ignore' })
  return error === undefined && status === 0 ? undefined : 'strace is not installed'
}

/**
 * Attaches to all threads of these processes.
 * @param tampering strace's own words, such as `fsync:delay_exit=1000`
 * @throws Error with strace's reason when it cannot attach
 */
export async function attachTracer(
  pids: readonly number[],
  syscalls: string,
  tampering: string,
): Promise<Tracer> {
  const rules = ['-e', `trace=${syscalls}`, '-e', `inject=${syscalls}:${tampering}`]
  const targets = pids.flatMap((pid) => ['-p', String(pid)])
  const child = spawn('strace', ['-f', '-qq', '-o', '/dev/null', ...rules, ...targets], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const ended = lastWords(child)
  let isOver = false
  void ended.then(() => {
    isOver = true
  })

  async function detach(): Promise<void> {
    child.kill('SIGINT')
    await ended
  }

  const untilMs = performance.now() + attachLimitMs
  while (!isOver && !pids.every(isTraced)) {
    if (performance.now() > untilMs) {
      await detach()
      throw new Error(`strace did not attach within ${attachLimitMs} ms`)
    }
    await wait(2)
  }
  if (isOver && pids.some(isAlive)) throw new Error(`strace could not attach: ${await ended}`)
  return { ended, detach }
}

function lastWords(child: ChildProcess): Promise<string> {
  let text = ''
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    text = `${text}${chunk}`.slice(-300)
  })
  return new Promise((resolve) => {
    child.once('error', ({ message }) => resolve(message))
    child.once('close', () => resolve(text.trim().replaceAll('\n', ' · ')))
  })
}

/** All its threads: one that is not traced yet would do its system calls untampered with. */
function isTraced(pid: number): boolean {
  try {
    return readdirSync(`/proc/${pid}/task`).every((thread) =>
      /^TracerPid:\t[1-9]/m.test(readFileSync(`/proc/${pid}/task/${thread}/status`, 'latin1')),
    )
  } catch {
    return false
  }
}
