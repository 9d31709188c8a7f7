import type { ChildProcess } from 'node:child_process'
import type { ReadyLine, ReplacedLine, WorkerProcess } from '../../src/primary.js'

/** What a server says of itself, followed while it runs. */

/** A server that did not come to listen, or does no longer; the message has its own last words. */
export class ServerError extends Error {
  override readonly name = 'ServerError'
}

export interface JsonLines {
  readonly ready: Promise<ReadyLine>
  onReplaced(listener: (worker: WorkerProcess) => void): void
}

/**
 * A strategy may print to stdout, so every line that is not one of the server's own is passed over, and what it has printed
 * before one of those without ending its own line.
 */
export function jsonLines(child: ChildProcess): JsonLines {
  let replaced: (worker: WorkerProcess) => void = () => undefined
  const ready = new Promise<ReadyLine>((resolve) => {
    let text = ''
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
      const lines = text.split('\n')
      text = lines.pop() ?? ''
      for (const line of lines) {
        const [readyAt, replacedAt] = [line.indexOf('{"ready":true,'), line.indexOf('{"replaced":true,')]
        if (readyAt !== -1) resolve(JSON.parse(line.slice(readyAt)))
        if (replacedAt !== -1) replaced(parseReplaced(line.slice(replacedAt)).worker)
      }
    })
  })
  return {
    ready,
    onReplaced(listener) {
      replaced = listener
    },
  }
}

function parseReplaced(line: string): ReplacedLine {
  return JSON.parse(line)
}

interface Waiting {
  readonly workerId: number
  resolve(worker: WorkerProcess): void
  reject(error: ServerError): void
}

/**
 * Who the workers are at the moment, and who waits for which of them to be replaced.
 * @param first added to the numbers they have on their own host
 */
export function followCrew(ready: ReadyLine, onReplaced: JsonLines['onReplaced'], first: number) {
  const numbered = ({ id, pid }: WorkerProcess): WorkerProcess => ({ id: first + id, pid })
  const workers = new Map(ready.workers.map(numbered).map((worker) => [worker.id, worker]))
  let waiting: readonly Waiting[] = []
  let ended: ServerError | undefined
  onReplaced((told) => {
    const worker = numbered(told)
    workers.set(worker.id, worker)
    for (const { workerId, resolve } of waiting) if (workerId === worker.id) resolve(worker)
    waiting = waiting.filter(({ workerId }) => workerId !== worker.id)
  })
  return {
    workers: () => [...workers.values()],
    replaced(workerId: number): Promise<WorkerProcess> {
      const next = new Promise<WorkerProcess>((resolve, reject) => {
        if (ended !== undefined) reject(ended)
        else waiting = [...waiting, { workerId, resolve, reject }]
      })
      // Asked for before the worker is killed, and awaited long after.
      next.catch(() => undefined)
      return next
    },
    end(error: ServerError) {
      ended = error
      for (const { reject } of waiting) reject(error)
      waiting = []
    },
  }
}

export function lastLines(child: ChildProcess): () => readonly string[] {
  let lines: string[] = []
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    lines = [...lines, ...chunk.split('\n').filter((line) => line !== '')].slice(-3)
  })
  return () => lines
}
