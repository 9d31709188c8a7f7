import { describe, expect, test, vi } from 'vitest'
import { secretOf, startServer } from '../../bench/topology.js'

/** Longer than a call may wait for its owner, and a request for its store. */
const patienceMs = 4_000

vi.setConfig({ testTimeout: 40_000 })

const fleet = {
  strategy: 'owner',
  hosts: 2,
  workers: 1,
  ttlMs: 60_000,
  render: 'none',
  secret: secretOf(1),
} as const

interface Captcha {
  readonly id: string
  readonly answer: string
}

async function issueAt(endpoint: string): Promise<Captcha> {
  const { headers } = await fetch(`${endpoint}/captcha`, { method: 'POST' })
  return { id: String(headers.get('x-captcha-id')), answer: String(headers.get('x-captcha-answer')) }
}

async function takeAt(endpoint: string, { id, answer }: Captcha): Promise<number> {
  const body = JSON.stringify({ answer })
  const headers = { 'content-type': 'application/json' }
  return (await fetch(`${endpoint}/captcha/${id}/verify`, { method: 'POST', headers, body })).status
}

async function timed<T>(task: () => Promise<T>): Promise<readonly [result: T, ms: number]> {
  const startedMs = performance.now()
  return [await task(), performance.now() - startedMs]
}

describe('servers of two hosts', () => {
  test('give up on an owner that stands still, repeat no take, and ask it again when it goes on', async () => {
    await using servers = await startServer(fleet)
    const [here = '', there = ''] = servers.addresses.map(({ endpoint }) => endpoint)
    const [first, lost, next] = [await issueAt(there), await issueAt(there), await issueAt(there)]
    expect(await takeAt(here, first)).toBe(200)
    const primary = servers.primaries[1] ?? 0
    process.kill(primary, 'SIGSTOP')
    try {
      const [status, ms] = await timed(() => takeAt(here, lost))
      expect(status).toBe(503)
      expect(ms).toBeLessThan(patienceMs)
    } finally {
      process.kill(primary, 'SIGCONT')
    }
    expect(await takeAt(here, next)).toBe(200)
    // Whether the owner heard of it before or after, nobody knows; but not twice.
    const taken = [await takeAt(here, lost), await takeAt(there, lost)]
    expect(taken.filter((status) => status === 200).length).toBeLessThan(2)
    expect(await takeAt(here, lost)).toBe(404)
  })

  test('fail a take whose owner is killed before it answers', async () => {
    await using servers = await startServer(fleet)
    const [here = '', there = ''] = servers.addresses.map(({ endpoint }) => endpoint)
    const [first, lost] = [await issueAt(there), await issueAt(there)]
    expect(await takeAt(here, first)).toBe(200)
    const primary = servers.primaries[1] ?? 0
    process.kill(primary, 'SIGSTOP')
    const taking = takeAt(here, lost)
    process.kill(primary, 'SIGKILL')
    expect(await taking).toBe(503)
    expect(await takeAt(here, lost)).toBe(503)
  })
})
