import fastify, { type FastifyInstance, type FastifyReply } from 'fastify'
import type { AppOptions } from '../../src/app.js'
import { serve } from '../../src/serve.js'

/** The routes and headers of our server as Fastify's documentation shows them: no schema, no hook, no store, every answer a constant. */
function buildBare({ workerId, instance }: AppOptions): FastifyInstance {
  const app = fastify()
  let issued = 0
  const sign = (reply: FastifyReply) =>
    reply.header('x-worker', String(workerId)).header('x-instance', instance)
  const told = (reply: FastifyReply, id: string) =>
    sign(reply.header('x-captcha-id', id)).header('server-timing', 'store;dur=0')

  app.get('/health', async (_request, reply) => {
    sign(reply)
    return { status: 'ok' }
  })
  app.post('/captcha', async (_request, reply) => {
    issued += 1
    const id = `${workerId}-${issued}`
    // The one right before the other, as ours: the warm-up finds a captcha by the two.
    told(reply.header('x-captcha-answer', 'FLOOR1'), id).code(201)
    return { id, expiresAt: '2026-01-01T00:00:00.000Z' }
  })
  app.get<{ Params: { id: string } }>('/captcha/:id/image', async (request, reply) => {
    told(reply, request.params.id).type('image/svg+xml').header('cache-control', 'no-store')
    return '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'
  })
  app.post<{ Params: { id: string }; Body: { answer: string } }>(
    '/captcha/:id/verify',
    async (request, reply) => {
      told(reply, request.params.id)
      if (request.body.answer === 'FLOOR1') return { verdict: 'accepted' }
      reply.code(403)
      return { verdict: 'wrong' }
    },
  )
  return app
}

await serve(async () => buildBare)
