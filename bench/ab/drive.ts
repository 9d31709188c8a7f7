import { messageOf } from '../message-of.js'
import { UsageError } from '../options.js'
import type { ComparisonPlan } from '../plan.js'
import type { Entrant } from '../roster.js'
import type { RunServices } from '../services.js'
import { secretOf, startServer } from '../topology.js'
import type { Base } from './base.js'

/** What the harness reads of an answer: by these it knows who answered, and about which captcha. */
const headers = ['x-worker', 'x-instance', 'x-captcha-id', 'x-captcha-answer', 'server-timing'] as const

/** Longer than any store here takes for one answer. */
const answerLimitMs = 10_000

/**
 * Starts the base's server once and has one captcha issued, drawn and verified: what the harness and a server of any version
 * have in common is the settings, the ready line and the headers, no more.
 * @throws UsageError with the one line that says what an older server lacks
 */
export async function checkDrivable(
  base: Base,
  { base: { ref }, pairs }: ComparisonPlan,
  { entrants, services }: { readonly entrants: readonly Entrant[]; readonly services: RunServices },
): Promise<void> {
  const [pair] = pairs
  if (pair === undefined) return
  const { engines = [] } = entrants.find(({ name }) => name === pair.head) ?? {}
  try {
    await using server = await startServer({
      strategy: pair.baseModule,
      workers: 1,
      ttlMs: answerLimitMs,
      render: 'none',
      secret: secretOf(0),
      program: base.program,
      engines: await services.shared(engines),
    })
    const [{ endpoint }] = server.addresses
    await tryOnce(endpoint)
  } catch (cause) {
    throw new UsageError(
      `base ${ref} cannot be driven by this version: its server, with ${pair.head}: ${messageOf(cause)}`,
      { cause },
    )
  }
}

async function tryOnce(endpoint: string): Promise<void> {
  const signal = AbortSignal.timeout(answerLimitMs)
  const issued = await fetch(`${endpoint}/captcha`, { method: 'POST', signal })
  await issued.arrayBuffer()
  expectStatus('POST /captcha', issued, 201)
  const missing = headers.find((name) => !issued.headers.has(name))
  if (missing !== undefined) throw new Error(`expected ${missing} in its answers, got none: it is too old`)
  const url = `${endpoint}/captcha/${issued.headers.get('x-captcha-id')}`
  const image = await fetch(`${url}/image`, { signal })
  await image.arrayBuffer()
  expectStatus('GET /captcha/:id/image', image, 200)
  const body = JSON.stringify({ answer: issued.headers.get('x-captcha-answer') })
  const verified = await fetch(`${url}/verify`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body,
    signal,
  })
  await verified.arrayBuffer()
  expectStatus('POST /captcha/:id/verify', verified, 200)
}

function expectStatus(request: string, { status }: Response, expected: number): void {
  if (status !== expected) throw new Error(`expected ${expected} for ${request}, got ${status}`)
}
