import { join } from 'node:path'
import { promisify } from 'node:util'
import type { Strategy } from '../../src/strategy.js'
import { isOwnId, newId, sweepMs } from './parts/key.js'

declare module 'express-session' {
  interface SessionData {
    answer: string
  }
}

/**
 * A captcha in a session, as express keeps one, in a directory that all workers are given: the host and a restart. `destroy` says
 * nothing about whether it destroyed: https://github.com/valery-barysok/session-file-store#readme
 */
const sessionFileStore: Strategy = {
  name: 'session-file-store',
  summary: 'express-session with session-file-store, a file per session: get, then destroy.',
  claims: { scope: 'host', singleUse: true, survives: 'restart' },
  async open({ dataDir, workerId }) {
    const [{ default: session }, { default: fileStore }] = await Promise.all([
      import('express-session'),
      import('session-file-store'),
    ])
    const FileStore = fileStore(session)
    const reapInterval = workerId === 0 ? sweepMs / 1_000 : -1
    const options = { path: join(dataDir, 'sessions'), reapInterval, logFn: () => undefined }
    const store = new FileStore(options)
    const get = promisify(store.get.bind(store))
    const set = promisify(store.set.bind(store))
    const destroy = promisify(store.destroy.bind(store))

    async function read(id: string): Promise<string | undefined> {
      if (!isOwnId(id)) return undefined
      try {
        return (await get(id))?.answer
      } catch (error) {
        // express-session takes it for "no such session" (index.js: err.code !== 'ENOENT').
        if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
        throw error
      }
    }

    return {
      async issue(answer, ttlMs) {
        const id = newId()
        const cookie = { originalMaxAge: ttlMs, expires: new Date(Date.now() + ttlMs) }
        await set(id, { cookie, answer })
        return id
      },
      read,
      async take(id) {
        const answer = await read(id)
        if (answer !== undefined) await destroy(id)
        return answer
      },
      close() {
        if ('reapIntervalObject' in options) clearInterval(Number(options.reapIntervalObject))
      },
    }
  },
}

export default sessionFileStore
