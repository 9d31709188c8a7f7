import type { Socket } from 'node:net'
import type { Topology } from '../src/strategy.js'
import { countConnections } from './isolation/descriptors.js'
import type { Crash, Isolation } from './isolation/record.js'
import { inTurn } from './load/address.js'
import { exchange, healthText, openLine } from './load/raw.js'
import { messageOf } from './message-of.js'
import { crashingModule } from './paths.js'
import { isolationFile } from './run-folder.js'
import type { Stage } from './timing/launch.js'
import { type Server, secretOf, startServer } from './topology.js'

/** Connections are tried until each worker has one, and so often at the most for each. */
const triesPerWorker = 8

/** A connection to each worker, by its number. */
type Lines = ReadonlyMap<number, Socket>

/**
 * What workers do to one another, seen from outside, of processes and of threads: whether one's crash ends the others, how many
 * cores they use, whether they share connections. Once a run, while nothing else runs: it says nothing of any store.
 */
export async function recordIsolation({ plan, folder, progress, signal }: Stage): Promise<void> {
  if (plan.correctness === undefined) return
  const found: Isolation[] = []
  for (const topology of ['processes', 'threads'] as const) {
    if (signal.aborted) return
    progress.note(`isolation · ${topology}`)
    try {
      found.push(await look(topology, Math.max(2, plan.workers), plan.seed))
    } catch (error) {
      progress.note(`isolation · ${topology}: could not be looked at: ${messageOf(error)}`)
    }
  }
  await folder.writeText(isolationFile, `${JSON.stringify(found, null, 1)}\n`)
}

async function look(topology: Topology, workers: number, seed: number): Promise<Isolation> {
  const settings = { strategy: crashingModule, topology, workers, ttlMs: 60_000 } as const
  await using server = await startServer({ ...settings, render: 'none', secret: secretOf(seed) })
  const lines = await openLines(server)
  try {
    const pids = server.workers.map(({ pid }) => pid)
    const connections = countConnections(pids)
    const coresUsed = await spinAll(server, lines)
    const thrown = await crashOne(server, lines, 'throw')
    const died = await crashOne(server, lines, 'die')
    return { topology, workers, crashes: [thrown, died], coresUsed, connections }
  } finally {
    for (const socket of lines.values()) socket.destroy()
  }
}

async function openLines({ addresses, workers }: Server): Promise<Lines> {
  const lines = new Map<number, Socket>()
  for (
    let attempt = 0;
    attempt < workers.length * triesPerWorker && lines.size < workers.length;
    attempt += 1
  ) {
    const { socket, worker } = await openLine(inTurn(addresses, attempt))
    if (lines.has(worker)) socket.destroy()
    else lines.set(worker, socket)
  }
  if (lines.size === workers.length) return lines
  throw new Error(`expected a connection to each of ${workers.length} workers, got ${lines.size}`)
}

function deed(name: string): string {
  return `GET /captcha/${name}/image HTTP/1.1\r\nHost: localhost\r\n\r\n`
}

async function spinAll(server: Server, lines: Lines): Promise<number | null> {
  const beforeUs = server.cpuUs()
  const startedMs = performance.now()
  await Promise.all([...lines.values()].map((socket) => exchange(socket, [deed('spin')])))
  const tookUs = (performance.now() - startedMs) * 1_000
  const afterUs = server.cpuUs()
  return beforeUs === undefined || afterUs === undefined ? null : (afterUs - beforeUs) / tookUs
}

/** Lets the first worker that has a connection crash and asks all others whether they are there. */
async function crashOne(server: Server, lines: Lines, how: Crash['how']): Promise<Crash> {
  const [victim, ...others] = [...lines].filter(([, socket]) => !socket.destroyed)
  if (victim === undefined) throw new Error('expected a worker to crash, found none')
  const [worker, socket] = victim
  const back = server.replaced(worker)
  const gone = new Promise((resolve) => socket.once('close', resolve))
  await exchange(socket, [deed(how)]).catch(() => undefined)
  await gone
  const answers = await Promise.allSettled(others.map(([, other]) => exchange(other, [healthText])))
  const unharmed = answers.filter(({ status }) => status === 'fulfilled').length
  // Before the next one: another worker in its place, or no server at all.
  if (how === 'throw') await back.catch(() => undefined)
  return { how, others: others.length, unharmed }
}
