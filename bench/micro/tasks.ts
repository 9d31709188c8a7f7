import { Bench } from 'tinybench'
import type { CaptchaStore } from '../../src/strategy.js'
import { messageOf } from '../message-of.js'
import type { Operation } from '../slices.js'
import type { MicroLine, MicroRecord, MicroTask } from './records.js'

const ttlMs = 3_600_000
const answer = 'ANSWER'

/** Issues under way at once while a population is made: enough for stores that commit in groups. */
const fillBatch = 500

/** A store whose process grows beyond this while it is filled is not filled further; bytes. */
const fillMemoryLimit = 2 * 2 ** 30

/**
 * Times write, read and take at each population, smallest first; what one population left behind is part of the next.
 * @param isAlive called every now and then: a store that hangs is told from one that is slow by its silence
 */
export async function timeStore(
  store: CaptchaStore,
  task: MicroTask,
  emit: (line: MicroLine) => void,
  isAlive: () => void = () => undefined,
): Promise<void> {
  const ids: string[] = []
  for (const population of task.populations) {
    const gap = await fill(store, ids, { population, limitMs: task.fillLimitMs, isAlive })
    if (gap !== undefined) {
      emit({ kind: 'micro-gap', strategy: task.strategy, population, reason: gap })
      return
    }
    for (const record of await timePopulation(store, ids, { ...task, isAlive })) emit(record)
  }
}

interface Filling {
  readonly population: number
  readonly limitMs: number
  readonly isAlive: () => void
}

/** @returns why the population was not reached */
async function fill(
  store: CaptchaStore,
  ids: string[],
  { population, limitMs, isAlive }: Filling,
): Promise<string | undefined> {
  const startedMs = performance.now()
  const before = ids.length
  while (ids.length < population) {
    const size = Math.min(fillBatch, population - ids.length)
    try {
      ids.push(...(await Promise.all(Array.from({ length: size }, async () => store.issue(answer, ttlMs)))))
    } catch (error) {
      // A store with room for so many and no more is measured up to there; one that takes none at all has broken down.
      if (before === 0) throw error
      return `it took no more than ${ids.length}: ${messageOf(error)}`
    }
    isAlive()
    const spentMs = performance.now() - startedMs
    const wholeMs = (spentMs / (ids.length - before)) * (population - before)
    if (spentMs > 1_000 && wholeMs > limitMs)
      return `it would take ${Math.round(wholeMs / 1_000)} s to issue so many`
    if (process.memoryUsage.rss() > fillMemoryLimit)
      return 'its process grew beyond 2 GiB while they were issued'
  }
  return undefined
}

/** A write is taken again and a take is issued before, both untimed, so that the population stays what it is called. */
async function timePopulation(
  store: CaptchaStore,
  ids: readonly string[],
  { strategy, timeMs, isAlive }: MicroTask & Pick<Filling, 'isAlive'>,
): Promise<readonly MicroRecord[]> {
  const warnings = new Map<string, string>()
  let current: string | Promise<string> = ''
  let next = 0
  const bench = new Bench({ time: timeMs, warmupTime: timeMs / 3, throws: true, retainSamples: false })
  bench.addEventListener(
    'warning',
    ({ task, reason }) => void warnings.set(task.name, reason ?? 'timer saturated'),
  )
  bench.addEventListener('cycle', isAlive)
  bench
    .add('write', () => (current = store.issue(answer, ttlMs)), {
      afterEach: async () => void (await store.take(await current)),
    })
    .add('read', () => store.read(ids[next] ?? ''), {
      beforeEach() {
        // A stride that is prime to any power of ten visits all ids in an order no cache foresees.
        next = (next + 7_919) % ids.length
      },
    })
    .add('take', () => store.take(String(current)), {
      beforeEach: async () => {
        current = await store.issue(answer, ttlMs)
      },
    })
  await bench.run()
  return bench.tasks.map((task) => toRecord(task.name as Operation))

  function toRecord(operation: Operation): MicroRecord {
    const result = bench.getTask(operation)?.result
    if (result === undefined || !('latency' in result))
      throw new Error(`${operation}: expected a finished task`)
    const { p50, p99, samplesCount } = result.latency
    const warning = warnings.get(operation)
    const figures = { p50Ns: p50 * 1e6, p99Ns: p99 * 1e6, samples: samplesCount }
    return {
      kind: 'micro',
      strategy,
      operation,
      population: ids.length,
      ...figures,
      ...(warning !== undefined && { warning }),
    }
  }
}
