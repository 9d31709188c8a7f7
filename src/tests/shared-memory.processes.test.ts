import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { missingLibrary, withRig } from '../conformance.js'
import type { ReadyLine } from '../primary.js'
import { createSharedMemory } from '../strategies/shared-memory.js'
import type { CaptchaStore, Strategy } from '../strategy.js'
import type { Job, Report } from './shared-memory.child.js'
import { expectOneWinner, hosting, isFull, issueMany, minute, workerOf } from './shared-memory.fixtures.js'

const compiled = (path: string) => fileURLToPath(new URL(`../../dist/src/${path}`, import.meta.url))
const [main, childEntry] = [compiled('main.js'), compiled('tests/shared-memory.child.js')]

beforeAll(() => {
  for (const path of [main, childEntry])
    if (!existsSync(path)) throw new Error(`expected ${path}, got nothing: npm run build makes it`)
})

const missing = await withRig(createSharedMemory({ slots: 8 }), {}, (rig) => rig.open(0)).catch(
  missingLibrary,
)
const unavailable = typeof missing === 'string'

/** A process that has opened the store as a worker would. */
async function startWorker(handoff: unknown, workerId: number) {
  const child = fork(childEntry, [String(handoff), String(workerId)], { execArgv: [] })
  await once(child, 'message')

  async function ask(job: Job): Promise<Report> {
    child.send(job)
    const ended = once(child, 'exit').then(() => Promise.reject(new Error(`worker ${workerId} ended`)))
    ended.catch(() => undefined)
    const [report]: Report[] = await Promise.race([once(child, 'message'), ended])
    return report ?? {}
  }

  async function kill(): Promise<void> {
    const gone = once(child, 'exit')
    child.kill('SIGKILL')
    await gone
  }

  async function end(): Promise<void> {
    const gone = once(child, 'exit')
    child.disconnect()
    await gone
  }

  return { child, ask, kill, end }
}

type WorkerProcess = Awaited<ReturnType<typeof startWorker>>

interface Site {
  readonly store: CaptchaStore
  start(workerId: number): Promise<WorkerProcess>
}

/** A host here, worker 0 in this process and the others in their own; all are gone afterwards, and so is the segment. */
async function withSegment(slots: number, use: (site: Site) => Promise<void>): Promise<void> {
  const strategy: Strategy = createSharedMemory({ slots })
  const host = await strategy.host?.(hosting)
  const store = await strategy.open(workerOf(0, host?.handoff))
  const children: ChildProcess[] = []
  try {
    await use({
      store,
      async start(workerId) {
        const worker = await startWorker(host?.handoff, workerId)
        children.push(worker.child)
        return worker
      },
    })
  } finally {
    for (const child of children) child.kill('SIGKILL')
    await store.close()
    await host?.close()
  }
  expect(segmentsOf(process.pid)).toEqual([])
}

/** The names of segments that a process has made. */
function segmentsOf(pid: number): readonly string[] {
  return readdirSync('/dev/shm').filter((name) =>
    new RegExp(`^crossworker-\\w+-${pid.toString(36)}-`).test(name),
  )
}

describe.skipIf(unavailable)('shared-memory between processes', () => {
  test('gives each captcha to one of three takers, and its own answer', () =>
    withSegment(4_096, async ({ start }) => {
      const workers = await Promise.all([1, 2, 3].map(start))
      const { issued = [] } = (await workers[0]?.ask({ kind: 'issue', count: 3_000, ttlMs: minute })) ?? {}
      const job = { kind: 'take', ids: issued.map(({ id }) => id), atMs: Date.now() + 100 } as const
      const reports = await Promise.all(workers.map((worker) => worker.ask(job)))
      expectOneWinner(
        reports.map(({ taken = [] }) => taken),
        (index) => issued[index]?.answer,
      )
    }))

  test('never shows a reader what others write into a slot it looks at', () =>
    withSegment(16, async ({ store, start }) => {
      const [issuer, watcher, churner] = await Promise.all([1, 2, 3].map(start))
      const { issued = [] } = (await issuer?.ask({ kind: 'issue', count: 8, ttlMs: minute })) ?? {}
      const untilMs = Date.now() + 500
      const reports = [
        watcher?.ask({ kind: 'watch', captchas: issued, untilMs }),
        churner?.ask({ kind: 'churn', ttlMs: minute, untilMs }),
        issuer?.ask({ kind: 'churn', ttlMs: minute, untilMs }),
      ]
      await wait(100)
      for (const { id, answer } of issued) expect(await store.take(id)).toBe(answer)
      for (const report of await Promise.all(reports)) {
        expect(report?.wrong).toBe(0)
        expect(report?.rounds).toBeGreaterThan(10)
      }
    }))

  test('loses no slot to workers killed, and none to one stopped, in the middle of their work', () =>
    withSegment(64, async ({ store, start }) => {
      const ttlMs = 150
      const bystander = await start(2)
      const untilMs = Date.now() + minute
      const churned = bystander.ask({ kind: 'churn', ttlMs, untilMs: Date.now() + 1_500 })
      for (const delayMs of [3, 11, 1, 7, 19, 5, 2, 13]) {
        const victim = await start(1)
        const killed = victim.ask({ kind: 'churn', ttlMs, untilMs })
        killed.catch(() => undefined)
        await wait(delayMs)
        bystander.child.kill('SIGSTOP')
        await victim.kill()
        const id = String(await store.issue('K7QX2M', minute))
        bystander.child.kill('SIGCONT')
        expect(await store.take(id)).toBe('K7QX2M')
      }
      expect((await churned).wrong).toBe(0)
      const replacement = await start(1)
      await wait(ttlMs)
      const ids = await issueMany(store, 64)
      expect(await isFull(store)).toBe(true)
      const { taken } = await replacement.ask({ kind: 'take', ids, atMs: 0 })
      expect(taken).toEqual(ids.map((_, index) => `ANSWER ${index}`))
    }))

  test('leaves the segment to the others when a worker ends', () =>
    withSegment(8, async ({ store, start }) => {
      const [id = ''] = await issueMany(store, 1)
      await (await start(1)).end()
      expect(segmentsOf(process.pid)).toHaveLength(1)
      const { taken } = await (await start(1)).ask({ kind: 'take', ids: [id], atMs: 0 })
      expect(taken).toEqual(['ANSWER 0'])
    }))

  test('throws after its close, and for a segment that is not there', async () => {
    await withRig(createSharedMemory({ slots: 8 }), {}, async (rig) => {
      const [store] = await rig.pair()
      await rig.close()
      for (const act of [() => store.issue('X', 1), () => store.read('X'), () => store.take('X')])
        expect(act).toThrow('the store is closed')
    })
    const strategy = createSharedMemory({ slots: 8 })
    for (const [handoff, message] of [
      ['/crossworker-none', /found none/],
      [null, /the name of/],
    ] as const)
      await expect((async () => strategy.open(workerOf(0, handoff)))()).rejects.toThrow(message)
  })

  test('removes at its start what servers left whose end nobody saw, and nothing else', async () => {
    const gone = spawn('true')
    await once(gone, 'exit')
    const strategy = createSharedMemory({ slots: 8 })
    const host = await strategy.host?.(hosting)
    const prefix = /^\/(crossworker-\w+)-/.exec(String(host?.handoff))?.[1]
    const stale = `/dev/shm/${prefix}-${gone.pid?.toString(36)}-AAAAAAAA`
    const foreign = `/dev/shm/crossworker-0-${gone.pid?.toString(36)}-AAAAAAAA`
    try {
      for (const path of [stale, foreign]) writeFileSync(path, 'left over')
      await (await strategy.host?.(hosting))?.close()
      expect([existsSync(stale), existsSync(foreign)]).toEqual([false, true])
      expect(segmentsOf(process.pid)).toEqual([String(host?.handoff).slice(1)])
    } finally {
      for (const path of [stale, foreign]) rmSync(path, { force: true })
      await host?.close()
    }
  })
})

async function startServer(dataDir: string) {
  const env = {
    PATH: process.env.PATH,
    PORT: '0',
    WORKERS: '2',
    STRATEGY: 'shared-memory',
    DATA_DIR: dataDir,
  }
  const child = spawn(process.execPath, [main], { env, detached: true, stdio: ['ignore', 'pipe', 'ignore'] })
  const lines: string[] = []
  const output = createInterface({ input: child.stdout })
  output.on('line', (line) => void lines.push(line))
  const silent = once(output, 'close')
  const [line] = await once(output, 'line')
  const ready: ReadyLine = JSON.parse(line)
  return { pid: child.pid ?? 0, child, ready, lines, output, silent }
}

/** Each way out: what is done to the server, and what it may print after its ready line. */
const waysOut: Readonly<Record<string, (server: Awaited<ReturnType<typeof startServer>>) => Promise<void>>> =
  {
    'a worker is killed and then the server told to end': async ({ pid, ready, output }) => {
      process.kill(ready.workers[0]?.pid ?? 0, 'SIGKILL')
      await once(output, 'line')
      expect(segmentsOf(pid)).toHaveLength(1)
      process.kill(pid, 'SIGTERM')
    },
    'the primary is killed': async ({ pid }) => void process.kill(pid, 'SIGKILL'),
    'all its processes are killed at once': async ({ pid }) => void process.kill(-pid, 'SIGKILL'),
  }

describe.skipIf(unavailable)('the segment of a server', () => {
  for (const [way, act] of Object.entries(waysOut)) {
    test.concurrent(`is gone, and nothing but JSON was printed, when ${way}`, async () => {
      const dataDir = await mkdtemp(join(tmpdir(), 'crossworker-shm-'))
      const server = await startServer(dataDir)
      try {
        expect(segmentsOf(server.pid)).toHaveLength(1)
        await act(server)
        await server.silent
        await vi.waitFor(() => expect(segmentsOf(server.pid)).toEqual([]), { timeout: 5_000, interval: 10 })
        for (const line of server.lines) expect(line).toMatch(/^\{"(ready|replaced)":true,/)
        expect(readdirSync(dataDir)).toEqual([])
      } finally {
        if (server.child.exitCode === null && server.child.signalCode === null)
          process.kill(-server.pid, 'SIGKILL')
        await rm(dataDir, { recursive: true, force: true })
      }
    })
  }
})
