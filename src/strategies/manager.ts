import { randomBytes } from 'node:crypto'
import type { Strategy } from '../strategy.js'
import { createExpiringMap } from './memory.js'

/** What a worker asks of the Map in the primary. */
type Request =
  | readonly [verb: 'issue', answer: string, ttlMs: number]
  | readonly [verb: 'read' | 'take', id: string]

/**
 * The shared dictionary of a manager process. The primary is one thread and does one thing after another, so a take there
 * is atomic as it stands. A call that times out is not repeated: the take may have happened.
 */
const manager: Strategy = {
  name: 'manager',
  summary: 'A Map in the cluster primary, asked over IPC.',
  claims: { scope: 'host', singleUse: true, survives: 'worker-crash' },
  host() {
    const captchas = createExpiringMap()
    return {
      handle(message) {
        const request = parse(message)
        if (request[0] !== 'issue') return captchas[request[0] === 'read' ? 'get' : 'take'](request[1])
        const id = randomBytes(18).toString('base64url')
        captchas.set(id, request[1], request[2])
        return id
      },
      close: captchas.close,
    }
  },
  open({ call }) {
    async function ask(request: Request): Promise<string | undefined> {
      const reply = await call(request)
      if (reply === undefined || typeof reply === 'string') return reply
      throw new Error(`expected text or nothing from the primary, got ${typeof reply}`)
    }

    return {
      async issue(answer, ttlMs) {
        const id = await ask(['issue', answer, ttlMs])
        if (id === undefined) throw new Error('expected an id from the primary, got nothing')
        return id
      },
      read: (id) => ask(['read', id]),
      take: (id) => ask(['take', id]),
      close() {},
    }
  },
}

/** The one door: a worker of another version, or one gone wrong, must not reach the Map. */
function parse(message: unknown): Request {
  if (Array.isArray(message)) {
    const [verb, text, ttlMs, ...more]: unknown[] = message
    const isWhole = typeof text === 'string' && more.length === 0
    if (isWhole && verb === 'issue' && typeof ttlMs === 'number' && ttlMs > 0) return [verb, text, ttlMs]
    if (isWhole && (verb === 'read' || verb === 'take') && ttlMs === undefined) return [verb, text]
  }
  throw new Error('expected ["issue", answer, ttlMs], ["read", id] or ["take", id], got something else')
}

export default manager
