import { join } from 'node:path'
import autocannon from 'autocannon'
import type { Captcha } from '../load/exchange.js'
import { type LoadGenerator, openLoadGenerator, type SliceOptions, type SliceRun } from '../load/generator.js'
import { summarise } from '../load/summarise.js'
import { openWarmUpLoad } from '../load/warm-up.js'
import { noopModule, packageRoot } from '../paths.js'
import type { HarnessFigures, WayFigures } from '../report/floor.js'
import type { RunFolder } from '../run-folder.js'
import { type Operation, operations } from '../slices.js'
import { estimateRatio, median, type Random, seededRandom, shuffle } from '../statistics.js'
import { measureBurst } from '../timing/burst.js'
import { type Server, secretOf, startServer } from '../topology.js'

/** What the load generator's process spends on a request: autocannon alone, and with what is done around it. */

const blocks = { unmeasured: 3, measured: 20 } as const

/** Requests of a slice, as many as the default run's baseline gets, and how many slices a way has in a block. */
const slices = { requests: 280, count: 4 } as const
const requestsOfTurn = slices.requests * slices.count

const limitMs = 10_000

interface Options {
  readonly workers: number
  readonly connections: number
  readonly seed: number
  /** Where the records go that are written in order to be timed. */
  readonly folder: Pick<RunFolder, 'appendTiming'>
}

/** One way of sending requests. */
interface Way {
  readonly name: string
  readonly bursts: number
  /** @returns how many were answered */
  burst(operation: Operation): Promise<number>
}

/** CPU time of this process, µs a request. */
type Turn = Readonly<Record<Operation, number>>

/** Against the no-op store; in each block all ways, in random order. */
export async function measureHarness(options: Options): Promise<HarnessFigures> {
  const { workers, connections, seed } = options
  const strategy = join(packageRoot, noopModule)
  const served = { strategy, workers, ttlMs: 60_000, render: 'none', secret: secretOf(seed) } as const
  await using server = await startServer(served)
  using load = await openWarmUpLoad(server, 3 * connections)
  await load.send(200)
  using generator = await openLoadGenerator(server, connections)
  const random = seededRandom(seed)
  const ways = [
    alone(server, connections),
    ours('+ hand-off, headers, checks', random, (slice) => generator.run({ ...slice, limitMs })),
    ours('+ clocks, summary, record on disk', random, recording(server, generator, options)),
  ]
  const turns = new Map(ways.map(({ name }): [string, Turn[]] => [name, []]))
  for (let block = -blocks.unmeasured; block < blocks.measured; block += 1) {
    for (const way of shuffle(ways, random)) {
      const turn = await turnOf(way)
      if (block >= 0) turns.get(way.name)?.push(turn)
    }
  }
  return { blocks: blocks.measured, requests: requestsOfTurn, ways: figuresOf(turns, seed) }
}

async function turnOf({ bursts, burst }: Way): Promise<Turn> {
  const spent = { write: { us: 0, requests: 0 }, read: { us: 0, requests: 0 }, take: { us: 0, requests: 0 } }
  for (let number = 0; number < bursts; number += 1) {
    for (const operation of operations) {
      const before = process.cpuUsage()
      spent[operation].requests += await burst(operation)
      const { user, system } = process.cpuUsage(before)
      spent[operation].us += user + system
    }
  }
  const perRequest = (operation: Operation) => spent[operation].us / spent[operation].requests
  return { write: perRequest('write'), read: perRequest('read'), take: perRequest('take') }
}

/** Of the no-op store: its ids spell their answers, so that one will do for all. */
const requests: Readonly<Record<Operation, Pick<autocannon.Options, 'method' | 'headers' | 'body'>>> = {
  write: { method: 'POST' },
  read: { method: 'GET' },
  take: { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"answer":"K7QX2M"}' },
}
const paths = {
  write: '/captcha',
  read: '/captcha/1-K7QX2M/image',
  take: '/captcha/1-K7QX2M/verify',
} as const

/** As its documentation shows it: one run of its own, with connections of its own. */
function alone({ addresses: [{ endpoint }] }: Server, connections: number): Way {
  return {
    name: 'autocannon alone',
    bursts: 1,
    async burst(operation) {
      // It ends at a sampling tick; the default, a second, would be spent waiting.
      const more = { connections, amount: requestsOfTurn, sampleInt: 100, ...requests[operation] }
      const { '2xx': accepted } = await autocannon({ url: `${endpoint}${paths[operation]}`, ...more })
      if (accepted !== requestsOfTurn)
        throw new Error(`expected ${requestsOfTurn} answers that accept, got ${accepted}`)
      return accepted
    },
  }
}

type Burst = (slice: Omit<SliceOptions, 'limitMs'>) => Promise<SliceRun>

function ours(name: string, random: Random, burst: Burst): Way {
  let captchas: readonly Captcha[] = []
  return {
    name,
    bursts: slices.count,
    async burst(operation) {
      const work = operation === 'write' ? slices.requests : shuffle(captchas, random)
      const { answers, mistaken } = await burst({ operation, work })
      if (mistaken !== undefined) throw new Error(mistaken)
      if (operation === 'write') captchas = answers.flatMap(({ captcha }) => captcha ?? [])
      return answers.length
    },
  }
}

/** What the timing study does around a slice. */
function recording(server: Server, generator: LoadGenerator, { folder }: Options): Burst {
  return async (slice) => {
    const { run, costs } = await measureBurst(server, generator, slice)
    const { operation } = slice
    const place = { kind: 'slice', launch: 0, block: 0, arm: 'noop', operation } as const
    await folder.appendTiming({ ...place, ...summarise(operation, run), ...costs })
    return run
  }
}

function figuresOf(turns: ReadonlyMap<string, readonly Turn[]>, seed: number): readonly WayFigures[] {
  const [first = []] = turns.values()
  return [...turns].map(([way, own]) => ({
    way,
    operations: operations.map((operation) => {
      const us = own.map((turn) => turn[operation])
      const logs = us.map((each, block) => Math.log(each / (first[block]?.[operation] ?? Number.NaN)))
      return { cpuUsPerOp: median(us), ratio: own === first ? undefined : estimateRatio([logs], { seed }) }
    }),
  }))
}
