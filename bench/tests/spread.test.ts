import { spawnSync } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { allowedProcessors, spreadWorkers } from '../timing/spread.js'
import { type Server, startServer } from '../topology.js'

const processors = await allowedProcessors()
const [one, two] = processors
const missing =
  spawnSync('taskset', ['--version']).status !== 0
    ? 'taskset'
    : one === undefined || two === undefined
      ? 'a second processor'
      : undefined
if (missing !== undefined) process.stderr.write(`spread: skipped, there is no ${missing}\n`)

/** Of every thread of a process, the processors it may use. */
async function placesOf(pid: number): Promise<readonly string[]> {
  const tasks = await readdir(`/proc/${pid}/task`)
  const texts = await Promise.all(
    tasks.map((task) => readFile(`/proc/${pid}/task/${task}/status`, 'latin1').catch(() => '')),
  )
  const lists = texts.flatMap((text) => /^Cpus_allowed_list:\s*(\S+)$/m.exec(text)?.[1] ?? [])
  return [...new Set(lists)]
}

describe.skipIf(missing !== undefined)('workers on processors', () => {
  let server: Server
  let free: readonly string[]
  const among = [one ?? 0, two ?? 0]

  beforeAll(async () => {
    const secret = 'ab'.repeat(32)
    server = await startServer({ strategy: 'memory', workers: 3, ttlMs: 60_000, render: 'none', secret })
    free = await placesOf(process.pid)
  }, 30_000)
  afterAll(() => server[Symbol.asyncDispose]())

  const placesOfAll = () => Promise.all(server.workers.map(({ pid }) => placesOf(pid)))

  test('are left alone where there is one for each', async () => {
    const { workers } = server
    expect(await spreadWorkers({ topology: 'processes', workers: workers.slice(0, 2) }, among)).toBe(false)
    expect(await placesOfAll()).toEqual([free, free, free])
  })

  test('are left alone where they are threads of one process', async () => {
    expect(await spreadWorkers({ topology: 'threads', workers: server.workers }, among)).toBe(false)
    expect(await placesOfAll()).toEqual([free, free, free])
  })

  test('are left alone, all of them, where one cannot be placed', async () => {
    expect(await spreadWorkers(server, [one ?? 0, 100_000])).toBe(false)
    expect(await placesOfAll()).toEqual([free, free, free])
  })

  test('stay on one each, in turn, with all their threads, where there are fewer', async () => {
    expect(await spreadWorkers(server, among)).toBe(true)
    expect(await placesOfAll()).toEqual([[String(one)], [String(two)], [String(one)]])
  })
})
