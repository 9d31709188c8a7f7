import { isIP } from 'node:net'
import type { FastifyInstance, FastifyRequest } from 'fastify'

/** Who may ask, and what a page that was served may do. */

/** Nothing but this program's own files and answers; nothing inline, nothing framed, nothing from elsewhere. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join('; ')

const headers = {
  'content-security-policy': policy,
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
}

/** @param host the name or address it was told to listen at */
export function guard(app: FastifyInstance, host: string): void {
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(headers)
    if (!isOurHost(request.headers.host, host))
      return reply.code(403).send({ error: 'the Host header names somebody else' })
    // A page elsewhere can post here, and must not kill anybody's workers. Browsers say where a post comes from.
    if (!isRead(request) && request.headers.origin !== `http://${request.headers.host}`)
      return reply.code(403).send({ error: 'expected a request from the page itself' })
  })
}

function isRead({ method }: FastifyRequest): boolean {
  return method === 'GET' || method === 'HEAD'
}

/**
 * Against DNS rebinding: a page of evil.example whose name is made to lead here still says evil.example. It cannot say
 * localhost or an address, for these are not looked up.
 */
function isOurHost(header: string | undefined, host: string): boolean {
  const name = /^(?:\[([^\]]+)\]|([^:]+))(?::\d{1,5})?$/
    .exec(header ?? '')
    ?.slice(1)
    .find(Boolean)
  return name !== undefined && (name === 'localhost' || name === host || isIP(name) !== 0)
}
