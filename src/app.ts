import fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from 'fastify'
import { blankPicture, drawCode, normaliseAnswer, renderCode } from './captcha.js'
import { isObject } from './shape.js'
import { type Awaitable, type CaptchaStore, idPattern } from './strategy.js'

export interface AppOptions {
  readonly store: CaptchaStore
  readonly ttlMs: number
  readonly render: 'svg' | 'none'
  /** Bench mode: the answer of a fresh captcha, and the id each answer is about, in headers. */
  readonly revealAnswers: boolean
  /** On every answer as `x-worker`: which worker gave it. */
  readonly workerId: number
  /** On every answer as `x-instance`: which start of which server gave it. */
  readonly instance: string
  /** Told why a request was answered 503. */
  readonly onStoreError: (cause: unknown) => void
}

/** The store did not do its part: answered 503 whatever the cause, because failing open would accept a captcha unseen. */
class StoreError extends Error {
  override readonly name = 'StoreError'
}

/** The client's fault: answered 400. Never says the value that came: it may be hostile, and it may be the answer. */
class RequestError extends Error {
  override readonly name = 'RequestError'
  readonly statusCode = 400
}

/** @throws RequestError */
function parseId(params: unknown): string {
  if (isObject(params) && typeof params.id === 'string' && idPattern.test(params.id)) return params.id
  throw new RequestError('id: expected 1 to 512 base64url characters')
}

const longestAnswer = 64

/** @throws RequestError */
function parseAnswer(body: unknown): string {
  if (isObject(body) && typeof body.answer === 'string' && [...body.answer].length <= longestAnswer)
    return body.answer
  throw new RequestError(
    `body: expected JSON {"answer": "…"} with at most ${longestAnswer} characters of text`,
  )
}

/**
 * For a framework that would load a compiler of JSON schemas into every worker, which checks two texts no sooner than the lines above and
 * took 60 of the 300 ms of CPU time in which a worker starts.
 */
const withoutSchemas = { compilersFactory: { buildValidator: refuse, buildSerializer: refuse } }

function refuse(): never {
  throw new Error('expected no route with a schema')
}

/** Ids longer than the router's limit would be 404 instead of 400; request lines of 16 KB are refused before that. */
const maxParamLength = 16_384

/** The HTTP face of one store: see DESIGN's table of requests and answers. Sees nothing of the cluster. */
export function buildApp(options: AppOptions): FastifyInstance {
  const worker = String(options.workerId)
  const sign = (reply: FastifyReply) =>
    reply.header('x-worker', worker).header('x-instance', options.instance)
  const app = fastify({
    bodyLimit: 1_024,
    routerOptions: { maxParamLength },
    forceCloseConnections: 'idle',
    schemaController: withoutSchemas,
    // Paths that cannot be routed at all never reach the hooks, and the framework's own words repeat them.
    frameworkErrors: (error, _request, reply) =>
      void sign(reply)
        .code(error.statusCode ?? 400)
        .send({ error: 'the path cannot be read' }),
  })
  const { store, ttlMs, revealAnswers } = options

  // A hook, because errors and unknown routes must also say who answered.
  app.addHook('onRequest', (_request, reply, done) => {
    sign(reply)
    done()
  })

  app.post('/captcha', async (_request, reply) => {
    const code = drawCode()
    const expiresAt = new Date(Date.now() + ttlMs).toISOString()
    const id = await timed(reply, async () => checkedId(await store.issue(code, ttlMs)))
    if (revealAnswers) reply.header('x-captcha-answer', code).header('x-captcha-id', id)
    return reply.code(201).send({ id, expiresAt })
  })

  app.get('/captcha/:id/image', async (request, reply) => {
    const id = parseId(request.params)
    if (revealAnswers) reply.header('x-captcha-id', id)
    const code = await timed(reply, () => store.read(id))
    if (code === undefined) return reply.code(404).send({ error: 'unknown, expired or already used captcha' })
    return reply.type('image/svg+xml').header('cache-control', 'no-store').send(picture(reply, code))
  })

  app.post('/captcha/:id/verify', async (request, reply) => {
    const id = parseId(request.params)
    const given = parseAnswer(request.body)
    if (revealAnswers) reply.header('x-captcha-id', id)
    // Take first, compare after: comparing first would leave a captcha open to as many guesses as there are answers.
    const code = await timed(reply, () => store.take(id))
    if (code === undefined) return reply.code(404).send({ verdict: 'unknown' })
    if (normaliseAnswer(code) === normaliseAnswer(given)) return reply.send({ verdict: 'accepted' })
    return reply.code(403).send({ verdict: 'wrong' })
  })

  app.get('/health', async () => ({ status: 'ok' }))

  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: 'no such route' }))
  app.setErrorHandler((error: FastifyError, _request, reply) => {
    if (error instanceof StoreError) {
      options.onStoreError(error.cause)
      return reply.code(503).send({ error: 'the captcha store is unavailable; nothing was accepted' })
    }
    const status = error.statusCode ?? 500
    return reply.code(status).send({ error: status < 500 ? error.message : 'internal error' })
  })

  function picture(reply: FastifyReply, code: string): string {
    if (options.render === 'none') return blankPicture
    const startMs = performance.now()
    const svg = renderCode(code)
    const renderMs = performance.now() - startMs
    reply.header('server-timing', `${reply.getHeader('server-timing')}, render;dur=${renderMs.toFixed(4)}`)
    return svg
  }

  return app
}

/** Runs one store call; its duration goes into `Server-Timing` in milliseconds, and what it throws becomes a StoreError. */
async function timed<T>(reply: FastifyReply, call: () => Awaitable<T>): Promise<T> {
  const startMs = performance.now()
  try {
    return await call()
  } catch (cause) {
    throw new StoreError('store failed', { cause })
  } finally {
    reply.header('server-timing', `store;dur=${(performance.now() - startMs).toFixed(4)}`)
  }
}

/** An id that cannot come back through our own door would be a captcha nobody can solve. */
function checkedId(id: string): string {
  if (idPattern.test(id)) return id
  throw new Error('expected issue() to return 1 to 512 base64url characters')
}
