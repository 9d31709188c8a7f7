import { type TypeBoxTypeProvider, TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox'
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from 'fastify'
import { Type } from 'typebox'
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

const Params = Type.Object({
  id: Type.String({ pattern: idPattern.source }),
})
const VerifyBody = Type.Object({
  answer: Type.String({ maxLength: 64 }),
})
const Issued = Type.Object({ id: Type.String(), expiresAt: Type.String() })
const Verdict = Type.Object({
  verdict: Type.Union([Type.Literal('accepted'), Type.Literal('wrong'), Type.Literal('unknown')]),
})
const Problem = Type.Object({ error: Type.String() })

/** Ids longer than the router's limit would be 404 instead of 400; request lines of 16 KB are refused before that. */
const maxParamLength = 16_384

/** The HTTP face of one store: see DESIGN's table of requests and answers. Sees nothing of the cluster. */
export function buildApp(options: AppOptions): FastifyInstance {
  const app = fastify({ bodyLimit: 1_024, routerOptions: { maxParamLength }, forceCloseConnections: 'idle' })
    .withTypeProvider<TypeBoxTypeProvider>()
    .setValidatorCompiler(TypeBoxValidatorCompiler)
  const { store, ttlMs, revealAnswers } = options
  const worker = String(options.workerId)

  // A hook, because errors and unknown routes must also say who answered.
  app.addHook('onRequest', (_request, reply, done) => {
    reply.header('x-worker', worker).header('x-instance', options.instance)
    done()
  })

  app.post('/captcha', { schema: { response: { 201: Issued, 503: Problem } } }, async (_request, reply) => {
    const code = drawCode()
    const expiresAt = new Date(Date.now() + ttlMs).toISOString()
    const id = await timed(reply, async () => checkedId(await store.issue(code, ttlMs)))
    if (revealAnswers) reply.header('x-captcha-answer', code).header('x-captcha-id', id)
    return reply.code(201).send({ id, expiresAt })
  })

  app.get('/captcha/:id/image', { schema: { params: Params } }, async (request, reply) => {
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
        params: Params,
        body: VerifyBody,
        response: { 200: Verdict, 403: Verdict, 404: Verdict, 503: Problem },
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
