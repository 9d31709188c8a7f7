import { expect } from 'vitest'
import type { CaptchaStore, WorkerContext } from '../strategy.js'

/** What the tests of shared-memory have in common. */
export const minute = 60_000

export const hosting = {
  dataDir: '',
  workers: 4,
  topology: 'processes',
  secret: new Uint8Array(32),
  services: {},
  fleetHost: '127.0.0.1',
} as const

export function workerOf(workerId: number, handoff: unknown): WorkerContext {
  const call = () => Promise.reject(new Error('nobody to call'))
  return { dataDir: '', workerId, workers: 4, secret: new Uint8Array(32), services: {}, handoff, call }
}

export async function issueMany(store: CaptchaStore, count: number, ttlMs = minute): Promise<string[]> {
  const ids: string[] = []
  for (let index = 0; index < count; index += 1) ids.push(await store.issue(`ANSWER ${index}`, ttlMs))
  return ids
}

export async function isFull(store: CaptchaStore): Promise<boolean> {
  const error = await (async () => store.issue('ONE TOO MANY', minute))().catch((reason: Error) => reason)
  if (!(error instanceof Error)) return false
  expect(error.message).toMatch(/shared memory is full/)
  return true
}

export function expectOneWinner(
  takers: readonly (readonly (string | null)[])[],
  answerOf: (index: number) => string | undefined,
): void {
  const races = (takers[0] ?? []).map((_, index) => takers.map((taken) => taken[index]))
  for (const [index, got] of races.entries())
    expect(got.filter((answer) => answer !== null)).toEqual([answerOf(index)])
}
