import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { vi } from 'vitest'
import { loadStrategy } from '../../src/load-strategy.js'
import { openSession, type Session } from '../demo/session.js'
import { buildWeb } from '../demo/web.js'
import type { Entrant } from '../roster.js'
import { openServices } from '../services.js'
import { seededRandom } from '../statistics.js'
import { secretOf } from '../topology.js'
import { processesMarked } from './leftovers.js'

/** A demo in this process, under a mark and a directory of its own, so that what it leaves behind can be told. */
export interface Staged {
  readonly session: Session
  readonly web: ReturnType<typeof buildWeb>
  /** Ends everything. @returns processes and files that are left */
  end(): Promise<readonly (number | string)[]>
}

const broken: Entrant = {
  name: 'away',
  module: 'away',
  summary: 'A strategy that cannot run here.',
  claims: { scope: 'fleet', singleUse: true, survives: 'restart' },
  skipped: 'its engine is <b>not</b> installed',
}

async function entrants(): Promise<readonly Entrant[]> {
  const found = await Promise.all(['memory', 'sqlite', 'token'].map((name) => loadStrategy(name)))
  return [...found.map((strategy) => ({ ...strategy, module: strategy.name })), broken]
}

export async function stage(name: string): Promise<Staged> {
  const mark = `demo-test-${name}-${process.pid}-${Date.now()}`
  const folder = await mkdtemp(join(tmpdir(), 'crossworker-demo-'))
  vi.stubEnv('CROSSWORKER_TEST', mark)
  vi.stubEnv('TMPDIR', folder)
  const services = openServices({})
  const session = await openSession({
    strategy: 'memory',
    lookAround: entrants,
    workers: 4,
    ttlMs: 120_000,
    secret: secretOf(8),
    services,
    random: seededRandom(8),
    paceMs: 0,
  })
  const web = buildWeb(session, '127.0.0.1')
  return {
    session,
    web,
    async end() {
      await web.close()
      await session[Symbol.asyncDispose]()
      await services[Symbol.asyncDispose]()
      vi.unstubAllEnvs()
      const left = [...processesMarked(mark), ...(await readdir(folder))]
      await rm(folder, { recursive: true })
      return left
    },
  }
}
