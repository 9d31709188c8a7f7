import type { Socket } from 'node:net'

/** One request at a time over a bare socket. */
export interface Dialogue {
  /**
   * @returns the answer's text, as soon as its head is there
   * @throws Error when the connection is lost or the answer takes too long
   */
  ask(request: string): Promise<string>
}

interface Asked {
  resolve(answer: string): void
  reject(error: Error): void
}

/**
 * Listens once for all answers, where `exchange` listens anew for each of its batches: of the CPU time of a load of single requests
 * that was a seventh, and a server is warm only after some 13 000 of them.
 * @param limitMs the longest an answer may take
 */
export function openDialogue(socket: Socket, limitMs: number): Dialogue {
  let asked: Asked | undefined
  let text = ''

  socket.on('data', (chunk: Buffer) => {
    text += chunk.toString('latin1')
    // What is left of the last answer's body, if any, comes before the head.
    const head = text.indexOf('HTTP/1.1 ')
    if (head === -1 || text.indexOf('\r\n\r\n', head) === -1) return
    const answer = text
    const { resolve } = asked ?? {}
    asked = undefined
    text = ''
    resolve?.(answer)
  })
  // Given to `setTimeout` it would listen once: a silence between two questions would be the last that is noticed.
  socket.setTimeout(limitMs).on('timeout', () => {
    if (asked !== undefined) end(new Error(`no answer within ${limitMs / 1_000} s`))
  })
  socket.once('close', () => end(new Error('the server closed a connection')))

  function end(error: Error): void {
    const { reject } = asked ?? {}
    asked = undefined
    socket.destroy()
    reject?.(error)
  }

  return {
    ask: (request) =>
      new Promise((resolve, reject) => {
        asked = { resolve, reject }
        if (socket.destroyed) end(new Error('the server closed a connection'))
        else socket.write(request, 'latin1')
      }),
  }
}
