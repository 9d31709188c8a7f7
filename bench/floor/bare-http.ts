import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AppOptions } from '../../src/app.js'
import { serve } from '../../src/serve.js'
import type { App } from '../../src/worker.js'

/** As Fastify's: Node's own 5 s would close connections that wait for their next slice. */
const keepAliveTimeout = 72_000

/** The routes and headers of our server by Node's own module alone: no router, no store, every answer a constant. */
function buildBare({ workerId, instance }: AppOptions): App {
  let issued = 0
  const server = createServer({ keepAliveTimeout }, (request, response) => {
    response.setHeader('x-worker', String(workerId)).setHeader('x-instance', instance)
    const { method, url = '' } = request
    const [, , id = '', part] = url.split('/')
    if (url === '/health') json(response, 200, { status: 'ok' })
    else if (method === 'POST' && url === '/captcha') issue(response)
    else if (method === 'GET' && part === 'image') draw(told(response, id))
    else if (method === 'POST' && part === 'verify') verify(request, told(response, id))
    else json(response, 404, { error: 'no such route' })
  })

  function issue(response: ServerResponse): void {
    issued += 1
    const id = `${workerId}-${issued}`
    // The one right before the other, as ours: the warm-up finds a captcha by the two.
    told(response.setHeader('x-captcha-answer', 'FLOOR1'), id)
    json(response, 201, { id, expiresAt: '2026-01-01T00:00:00.000Z' })
  }

  return {
    listen: ({ host, port }) => once(server.listen(port, host), 'listening'),
    close: () => new Promise((resolve) => server.close(resolve)),
  }
}

function told(response: ServerResponse, id: string): ServerResponse {
  return response.setHeader('x-captcha-id', id).setHeader('server-timing', 'store;dur=0')
}

function draw(response: ServerResponse): void {
  response.setHeader('content-type', 'image/svg+xml').setHeader('cache-control', 'no-store')
  response.end('<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>')
}

/** A body that is no JSON ends the worker: nobody but the harness asks. */
function verify(request: IncomingMessage, response: ServerResponse): void {
  let body = ''
  request.setEncoding('utf8').on('data', (chunk: string) => {
    body += chunk
  })
  request.once('end', () => {
    const { answer }: { readonly answer?: string } = JSON.parse(body)
    const isRight = answer === 'FLOOR1'
    json(response, isRight ? 200 : 403, { verdict: isRight ? 'accepted' : 'wrong' })
  })
}

function json(response: ServerResponse, status: number, body: object): void {
  // Not by writeHead(): with the headers gone before the body's length is known, the answer would be sent in chunks.
  response.statusCode = status
  response.setHeader('content-type', 'application/json; charset=utf-8').end(JSON.stringify(body))
}

await serve(async () => buildBare)
