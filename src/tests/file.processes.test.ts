import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { beforeAll, expect, test } from 'vitest'
import type { Job, Report } from './file.child.js'

const childEntry = fileURLToPath(new URL('../../dist/src/tests/file.child.js', import.meta.url))

beforeAll(() => {
  if (!existsSync(childEntry)) throw new Error(`expected ${childEntry}, got nothing: npm run build makes it`)
})

/** The primary of a server of its own. */
async function startServer(dataDir: string) {
  const child = fork(childEntry, [dataDir], { execArgv: [] })
  const gone = once(child, 'exit')
  await once(child, 'message')
  return {
    pid: child.pid ?? 0,
    async ask(job: Job): Promise<Report> {
      child.send(job)
      const [told] = (await once(child, 'message')) as [Report | string]
      if (typeof told === 'string') throw new Error(told)
      return told
    },
    async end(how: 'disconnect' | 'SIGKILL'): Promise<void> {
      if (how === 'SIGKILL') child.kill(how)
      else if (child.connected) child.disconnect()
      await gone
    },
  }
}

type Server = Awaited<ReturnType<typeof startServer>>

async function withTwoServers(use: (servers: readonly [Server, Server], dataDir: string) => Promise<void>) {
  const dataDir = mkdtempSync(join(tmpdir(), 'crossworker-'))
  const servers = [await startServer(dataDir), await startServer(dataDir)] as const
  try {
    await use(servers, dataDir)
  } finally {
    for (const server of servers) await server.end('SIGKILL')
    rmSync(dataDir, { recursive: true })
  }
}

/** Captchas issued by one server, some at once, again and again. */
async function issueRounds(server: Server, rounds: number): Promise<string[]> {
  const ids: string[] = []
  for (let round = 0; round < rounds; round += 1) {
    const told = await server.ask({ issue: ['K7QX2M', 'W3RT9P'] })
    ids.push(...told.flatMap((id) => id ?? []))
  }
  return ids
}

function contentsIn(dataDir: string): { readonly generation: number; readonly captchas: object } {
  return JSON.parse(readFileSync(join(dataDir, 'file', 'captchas.json'), 'utf8'))
}

test('two servers on one directory lose nothing, and give nothing away twice', () =>
  withTwoServers(async (servers, dataDir) => {
    const ids = (await Promise.all(servers.map((server) => issueRounds(server, 40)))).flat()
    expect([...ids].sort()).toEqual(Object.keys(contentsIn(dataDir).captchas).sort())
    expect(ids).toHaveLength(160)
    const won: (string | null)[] = []
    for (let from = 0; from < ids.length; from += 8) {
      const take = ids.slice(from, from + 8)
      won.push(...(await Promise.all(servers.map((server) => server.ask({ take })))).flat())
    }
    expect(won.filter((answer) => answer !== null)).toHaveLength(ids.length)
    expect(contentsIn(dataDir).captchas).toEqual({})
    for (const server of servers) await server.end('disconnect')
    expect(readdirSync(join(dataDir, 'file'))).toEqual(['captchas.json'])
  }))

test('a server that was stopped for long, anywhere, undoes nothing when it goes on', () =>
  withTwoServers(async ([stopped, other], dataDir) => {
    const ids: string[] = []
    for (let round = 0; round < 20; round += 1) {
      const asked = stopped.ask({ issue: ['K7QX2M'] })
      await wait(round % 5)
      process.kill(stopped.pid, 'SIGSTOP')
      ids.push(...(await issueRounds(other, 2)))
      process.kill(stopped.pid, 'SIGCONT')
      ids.push(...(await asked).flatMap((id) => id ?? []))
    }
    expect(Object.keys(contentsIn(dataDir).captchas).sort()).toEqual(ids.sort())
    expect(ids).toHaveLength(100)
  }))

test('what a killed server has acknowledged is there for the next', () =>
  withTwoServers(async ([first], dataDir) => {
    const ids = await issueRounds(first, 20)
    const [taken = '', ...kept] = ids
    expect(await first.ask({ take: [taken] })).toHaveLength(1)
    const unheard = first.ask({ issue: Array.from({ length: 20 }, () => 'UNHEARD') })
    unheard.catch(() => undefined)
    await wait(1)
    await first.end('SIGKILL')
    const next = await startServer(dataDir)
    const told = await next.ask({ take: [...kept, taken] })
    await next.end('disconnect')
    expect(told.map((answer) => answer !== null)).toEqual([...kept.map(() => true), false])
  }))
