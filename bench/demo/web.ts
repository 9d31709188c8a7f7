import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import fastify, { type FastifyError, type FastifyInstance } from 'fastify'
import { packageRoot } from '../paths.js'
import { ServerError } from '../topology.js'
import { guard } from './guards.js'
import { Refusal } from './refusal.js'
import type { Session } from './session.js'
import { type Route, routes } from './try.js'

/** The demo's own little server: the page, its state, and what its buttons ask for. Not the server under test. */

/** Read where they are written: the page has no build step, so there is nothing in dist. */
const pageFolder = join(packageRoot, 'bench/demo/page')

const files = {
  '/': ['index.html', 'text/html; charset=utf-8'],
  '/style.css': ['style.css', 'text/css; charset=utf-8'],
  '/page.js': ['page.js', 'text/javascript; charset=utf-8'],
  '/parts.js': ['parts.js', 'text/javascript; charset=utf-8'],
  '/charts.js': ['charts.js', 'text/javascript; charset=utf-8'],
  '/icon.svg': ['icon.svg', 'image/svg+xml'],
} as const

/** The state goes out at most this often, ms: more than a person sees. */
const pushMs = 50

/** And is looked at this often, ms: captchas expire and workers die without a request. */
const lookMs = 500

const number = { type: 'integer', minimum: 0, maximum: 1_000_000_000 } as const
const count = { type: 'integer', minimum: 1, maximum: 1_000 } as const
const answer = { type: 'string', minLength: 1, maxLength: 64 } as const
const strategyName = { type: 'string', pattern: '^[a-z0-9-]{1,40}$' } as const

function bodyOf(properties: Readonly<Record<string, object>>) {
  return {
    body: { type: 'object', required: Object.keys(properties), properties, additionalProperties: false },
  }
}

/** @param host the name or address it is going to listen at */
export function buildWeb(session: Session, host: string): FastifyInstance {
  const app = fastify({
    bodyLimit: 1_024,
    forceCloseConnections: true,
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false } },
  })
  app.removeContentTypeParser('text/plain')
  guard(app, host)

  for (const [url, [name, type]] of Object.entries(files))
    app.get(url, async (_request, reply) => reply.type(type).send(await readFile(join(pageFolder, name))))

  app.get<{ Params: { strategy: string; number: string } }>(
    '/picture/:strategy/:number',
    async ({ params }, reply) => {
      const picture = session.picture(params.strategy, Number(params.number))
      if (picture === undefined) return reply.code(404).send({ error: 'no such picture' })
      return reply.type('image/svg+xml').send(picture)
    },
  )

  app.get('/api/state', async () => session.state())
  app.get('/api/states', async (_request, reply) => {
    const stream = new PassThrough()
    stream.on('close', follow(session, stream))
    return reply.type('text/event-stream').send(stream)
  })

  app.post('/api/captcha', { schema: bodyOf({}) }, async () => done(session.newCaptcha()))
  app.post<{ Body: { captcha: number; answer: string; route: Route } }>(
    '/api/submit',
    { schema: bodyOf({ captcha: number, answer, route: { enum: routes } }) },
    async ({ body }) => done(session.submit(body.captcha, body)),
  )
  app.post<{ Body: { count: number } }>('/api/logins', { schema: bodyOf({ count }) }, async ({ body }) =>
    done(session.logIn(body.count)),
  )
  app.post('/api/replay', { schema: bodyOf({}) }, async () => done(session.replay()))
  app.post('/api/race', { schema: bodyOf({}) }, async () => done(session.race()))
  app.post<{ Body: { worker: number } }>(
    '/api/kill',
    { schema: bodyOf({ worker: number }) },
    async ({ body }) => done(session.kill(body.worker)),
  )
  app.post<{ Body: { name: string } }>(
    '/api/strategy',
    { schema: bodyOf({ name: strategyName }) },
    async ({ body }) => done(session.switchTo(body.name)),
  )

  /** With the state as it is then: the page need not wait for the next push. */
  async function done(act: Promise<void>) {
    await act
    return session.state()
  }

  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ error: 'no such page' }))
  app.setErrorHandler((error: FastifyError, _request, reply) => {
    if (error instanceof Refusal || error instanceof ServerError)
      return reply.code(409).send({ error: error.message })
    if (error.validation) return reply.code(400).send({ error: 'the request does not fit' })
    const status = error.statusCode ?? 500
    return reply.code(status).send({ error: status < 500 ? error.message : 'internal error' })
  })
  return app
}

/** Writes the state into a stream, now and whenever it has changed. @returns ends it */
function follow(session: Session, stream: PassThrough): () => void {
  let last = ''
  let due: NodeJS.Timeout | undefined

  function push(): void {
    due = undefined
    const text = JSON.stringify(session.state())
    // Who does not keep up gets the next one.
    if (text === last || stream.writableNeedDrain) return
    last = text
    stream.write(`data: ${text}\n\n`)
  }

  const stop = session.onChange(() => {
    due ??= setTimeout(push, pushMs)
  })
  const looking = setInterval(push, lookMs)
  push()
  return () => {
    stop()
    clearTimeout(due)
    clearInterval(looking)
  }
}
