import fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyTypeProvider,
} from 'fastify'
import type { XStatic } from 'typebox/schema'
import { blankPicture, drawCode, normaliseAnswer, renderCode } from './captcha.js'
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

/**
 * Plain JSON Schema, whose TypeScript types typebox infers. Building the schemas with typebox at run time would load it into
 * every worker: 250 ms of the 700 ms a worker needs to start.
 */
const params = {
  type: 'object',
  required: ['id'],
  properties: { id: { type: 'string', pattern: idPattern.source } },
} as const
const verifyBody = {
  type: 'object',
  required: ['answer'],
  properties: { answer: { type: 'string', maxLength: 64 } },
} as const
const issued = {
  type: 'object',
  required: ['id', 'expiresAt'],
  properties: { id: { type: 'string' }, expiresAt: { type: 'string' } },
} as const
const verdict = {
  type: 'object',
  required: ['verdict'],
  properties: { verdict: { enum: ['accepted', 'wrong', 'unknown'], type: 'string' } },
} as const
const problem = { type: 'object', required: ['error'], properties: { error: { type: 'string' } } } as const

interface SchemaTypes extends FastifyTypeProvider {
  validator: XStatic<this['schema']>
  serializer: XStatic<this['schema']>
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
    // A list or a number in place of the answer is a bad request, not an answer to be made to fit.
    ajv: { customOptions: { coerceTypes: false } },
    // Paths that cannot be routed at all never reach the hooks, and the framework's own words repeat them.
    frameworkErrors: (error, _request, reply) =>
      void sign(reply)
        .code(error.statusCode ?? 400)
        .send({ error: 'the path cannot be read' }),
  }).withTypeProvider<SchemaTypes>()
  const { store, ttlMs, revealAnswers } = options

  // A hook, because errors and unknown routes must also say who answered.
  app.addHook('onRequest', (_request, reply, done) => {
    sign(reply)
    done()
  })

  app.post('/captcha', { schema: { response: { 201: issued, 503: problem } } }, async (_request, reply) => {
    const code = drawCode()
    const expiresAt = new Date(Date.now() + ttlMs).toISOString()
    const id = await timed(reply, async () => checkedId(await store.issue(code, ttlMs)))
    if (revealAnswers) reply.header('x-captcha-answer', code).header('x-captcha-id', id)
    return reply.code(201).send({ id, expiresAt })
  })

  app.get('/captcha/:id/image', { schema: { params } }, async (request, reply) => {
    const { id } = request.params
    if (revealAnswers) reply.header('x-captcha-id', id)
    const code = await timed(reply, () => store.read(id))
    if (code === undefined) return reply.code(404).send({ error: 'unknown, expired or already used captcha' })
    return reply.type('image/svg+xml').header('cache-control', 'no-store').send(picture(reply, code))
  })

  app.post(
    '/captcha/:id/verify',
    {
      schema: {
        params,
        body: verifyBody,
        response: { 200: verdict, 403: verdict, 404: verdict, 503: problem },
      },
    },
    async (request, reply) => {
      const { id } = request.params
      if (revealAnswers) reply.header('x-captcha-id', id)
      // Take first, compare after: comparing first would leave a captcha open to as many guesses as there are answers.
      const code = await timed(reply, () => store.take(id))
      if (code === undefined) return reply.code(404).send({ verdict: 'unknown' })
      if (normaliseAnswer(code) === normaliseAnswer(request.body.answer))
        return reply.send({ verdict: 'accepted' })
      return reply.code(403).send({ verdict: 'wrong' })
    },
  )

  app.get('/health', async () => ({ status: 'ok' }))

  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: 'no such route' }))
  app.setErrorHandler((error: FastifyError, _request, reply) => {
    if (error instanceof StoreError) {
      options.onStoreError(error.cause)
      return reply.code(503).send({ error: 'the captcha store is unavailable; nothing was accepted' })
    }
    if (error.validation) return reply.code(400).send({ error: explain(error) })
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

/** Never the value that came: it may be hostile, and it may be the answer. */
function explain(error: FastifyError): string {
  if (error.validationContext === 'params') return 'id: expected 1 to 512 base64url characters'
  return 'body: expected JSON {"answer": "…"} with at most 64 characters of text'
}
