import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises'
import { Agent, type IncomingMessage, type RequestOptions, request } from 'node:http'
import { type AddressInfo, connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { ReadyLine } from '../primary.js'

const main = fileURLToPath(new URL('../../dist/src/main.js', import.meta.url))

let folder: string
let running: Set<Server>

beforeAll(() => {
  if (!existsSync(main)) throw new Error(`expected ${main}, got nothing: npm run build makes it`)
})
beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'crossworker-server-')))
  running = new Set()
})
afterEach(async () => {
  // Workers end with their primary; their end closes the last copy of its pipes.
  for (const { child } of running) child.kill('SIGKILL')
  await Promise.all([...running].map(({ ended }) => ended))
  await rm(folder, { recursive: true, force: true, maxRetries: 3 })
})

interface End {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

interface Server {
  readonly child: ChildProcess
  readonly dataDir: string
  /** After the primary and all its workers have gone: they share its pipes, which close with the last of them. */
  readonly ended: Promise<End>
  /** Resolves with all that was written so far as soon as it matches. */
  says(stream: 'stdout' | 'stderr', pattern: RegExp): Promise<string>
}

function launch(settings: Record<string, string> = {}): Server {
  const dataDir = join(folder, 'data')
  const env = { PATH: process.env.PATH, PORT: '0', DATA_DIR: dataDir, REVEAL_ANSWERS: '1', ...settings }
  const child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'] })
  const output = { stdout: '', stderr: '' }
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream]?.setEncoding('utf8').on('data', (text: string) => {
      output[stream] += text
    })
  // Not the 'close' of the child: it never comes once this side has disconnected (Node 20.20).
  const streams = [child.stdout, child.stderr].map((stream) => stream && once(stream, 'close'))
  const ended = Promise.all([once(child, 'exit'), ...streams]).then(([[code]]) => {
    running.delete(server)
    return { code, ...output }
  })

  function says(stream: 'stdout' | 'stderr', pattern: RegExp): Promise<string> {
    return new Promise((resolve, reject) => {
      const look = () => pattern.test(output[stream]) && resolve(output[stream])
      child[stream]?.on('data', look)
      look()
      ended.then((end) => reject(new Error(`the server ended first: ${JSON.stringify(end)}`)))
    })
  }

  const server = { child, dataDir, ended, says }
  running.add(server)
  return server
}

type Ready = Server & { readonly line: ReadyLine; readonly url: string }

async function start(settings: Record<string, string> = {}): Promise<Ready> {
  const server = launch(settings)
  const line: ReadyLine = JSON.parse(await server.says('stdout', /\n/))
  return { ...server, line, url: line.endpoints[0] ?? '' }
}

function stop({ child, ended }: Server): Promise<End> {
  child.kill('SIGTERM')
  return ended
}

interface Answer {
  readonly status: number
  readonly worker: number
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** Without an agent of its own a request has a fresh connection, and so a worker of the cluster's choice. */
async function ask(url: string, options: RequestOptions = {}, body?: unknown): Promise<Answer> {
  const text = body === undefined ? '' : JSON.stringify(body)
  const type = body === undefined ? {} : { 'content-type': 'application/json' }
  const asking = request(url, { agent: false, ...options, headers: { ...type, ...options.headers } })
  asking.end(text)
  const [response]: IncomingMessage[] = await once(asking, 'response')
  return response === undefined ? Promise.reject(new Error('no response')) : answerOf(response)
}

async function answerOf(response: IncomingMessage): Promise<Answer> {
  const chunks = await response.setEncoding('utf8').toArray()
  const { statusCode = 0, headers } = response
  return { status: statusCode, worker: Number(headers['x-worker']), headers, body: chunks.join('') }
}

/** Connections that stay open, one to each of `workers`: the cluster hands them out in turn. */
async function connections({ url }: Ready, workers: number): Promise<readonly Agent[]> {
  const agents: Agent[] = []
  for (let attempt = 0; attempt < 64 && agents.filter(Boolean).length < workers; attempt += 1) {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    const { worker } = await ask(`${url}/health`, { agent })
    if (agents[worker] === undefined) agents[worker] = agent
    else agent.destroy()
  }
  return agents
}

async function issue(url: string, agent?: Agent): Promise<{ id: string; answer: string; worker: number }> {
  const options = { method: 'POST', ...(agent && { agent }) }
  const { headers, worker } = await ask(`${url}/captcha`, options)
  return { id: String(headers['x-captcha-id']), answer: String(headers['x-captcha-answer']), worker }
}

function verify(url: string, { id, answer }: { id: string; answer: string }, agent?: Agent): Promise<Answer> {
  return ask(`${url}/captcha/${id}/verify`, { method: 'POST', ...(agent && { agent }) }, { answer })
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Asks over fresh connections until `fits`: each ask waits for the server, so this is no busy loop. */
async function until(url: string, fits: (answer: Answer) => boolean): Promise<Answer> {
  for (;;) {
    const answer = await ask(`${url}/health`).catch(() => undefined)
    if (answer !== undefined && fits(answer)) return answer
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

async function strategyFile(members: string): Promise<string> {
  const path = join(folder, 'mine.mjs')
  const claims = "claims: { scope: 'host', singleUse: true, survives: 'nothing' }"
  await writeFile(path, `export default { name: 'mine', summary: 'Mine.', ${claims}, ${members} }\n`)
  return path
}

describe('a server that runs', () => {
  test('prints one ready line, and every worker answers over fresh connections', async () => {
    const server = await start({ STRATEGY: 'memory' })
    const { line, url } = server
    expect(Object.keys(line)).toEqual(['ready', 'instance', 'endpoints', 'workers'])
    expect(line.instance).toMatch(/^[0-9a-f-]{36}$/)
    expect(line.endpoints).toEqual([expect.stringMatching(/^http:\/\/127\.0\.0\.1:[1-9]\d*$/)])
    expect(line.workers.map(({ id }) => id)).toEqual([0, 1, 2, 3])
    expect(new Set(line.workers.map(({ pid }) => pid)).size).toBe(4)
    expect(line.workers.every(({ pid }) => isAlive(pid))).toBe(true)

    const answers = await Promise.all(Array.from({ length: 40 }, () => ask(`${url}/health`)))
    expect([...new Set(answers.map(({ worker }) => worker))].sort()).toEqual([0, 1, 2, 3])
    expect(new Set(answers.map(({ headers }) => headers['x-instance']))).toEqual(new Set([line.instance]))

    const end = await stop(server)
    expect(end).toEqual({ code: 0, stdout: `${JSON.stringify(line)}\n`, stderr: '' })
    expect(line.workers.filter(({ pid }) => isAlive(pid))).toEqual([])
  })

  for (const { strategy, elsewhere } of [
    { strategy: 'memory', elsewhere: 404 },
    { strategy: 'hybrid', elsewhere: 200 },
  ]) {
    test(`answers ${elsewhere} on the next worker with ${strategy}, and 200 on the same`, async () => {
      const server = await start({ STRATEGY: strategy, WORKERS: '2' })
      const [zero, one] = await connections(server, 2)
      const [same, other] = [await issue(server.url, zero), await issue(server.url, zero)]
      const here = await verify(server.url, same, zero)
      const there = await verify(server.url, other, one)
      expect([same.worker, here.worker, here.status]).toEqual([0, 0, 200])
      expect([other.worker, there.worker, there.status]).toEqual([0, 1, elsewhere])
      const again = await verify(server.url, same, one)
      expect([again.status, JSON.parse(again.body)]).toEqual([404, { verdict: 'unknown' }])
      zero?.destroy()
      one?.destroy()
      expect((await stop(server)).code).toBe(0)
    })
  }

  test('completes what is in flight when it is told to end, and takes on nothing new', async () => {
    const server = await start({ STRATEGY: 'hybrid', WORKERS: '2' })
    const { id, answer } = await issue(server.url)
    const text = JSON.stringify({ answer })
    const headers = {
      'content-type': 'application/json',
      'content-length': text.length,
      expect: '100-continue',
    }
    const asking = request(`${server.url}/captcha/${id}/verify`, { method: 'POST', agent: false, headers })
    asking.flushHeaders()
    await once(asking, 'continue')
    server.child.kill('SIGTERM')
    await refusesConnections(server.url)
    asking.end(text)
    const [response]: IncomingMessage[] = await once(asking, 'response')
    expect(response && (await answerOf(response))).toMatchObject({
      status: 200,
      body: '{"verdict":"accepted"}',
    })
    expect(await server.ended).toMatchObject({ code: 0, stderr: '' })
    expect(server.line.workers.filter(({ pid }) => isAlive(pid))).toEqual([])
  })

  test('starts a killed worker again under its number, and keeps what was issued', async () => {
    const server = await start({ STRATEGY: 'hybrid', WORKERS: '2' })
    const { url, line } = server
    const captcha = await issue(url)
    process.kill(line.workers[1]?.pid ?? 0, 'SIGKILL')
    expect(await server.says('stderr', /\n/)).toBe(
      'crossworker: worker 1 ended (SIGKILL); starting it again\n',
    )
    const answer = await until(url, ({ worker }) => worker === 1)
    expect(answer.headers['x-instance']).toBe(line.instance)
    expect((await verify(url, captcha)).status).toBe(200)
    expect((await stop(server)).code).toBe(0)
  })

  test('starts its only worker again on the same port', async () => {
    const server = await start({ STRATEGY: 'memory', WORKERS: '1' })
    process.kill(server.line.workers[0]?.pid ?? 0, 'SIGKILL')
    await server.says('stderr', /starting it again/)
    await until(server.url, ({ worker }) => worker === 0)
    expect((await stop(server)).code).toBe(0)
  })

  test('gives up when a worker cannot be started again, and says why', async () => {
    const strategy = await strategyFile(`open({ dataDir }) {
      const marker = dataDir + '/opened'
      return import('node:fs').then(({ existsSync, writeFileSync }) => {
        if (existsSync(marker)) throw new Error('planted: no second time')
        writeFileSync(marker, '')
        return { issue: () => 'id', read() {}, take() {}, close() {} }
      })
    }`)
    const server = await start({ STRATEGY: strategy, WORKERS: '1' })
    process.kill(server.line.workers[0]?.pid ?? 0, 'SIGKILL')
    const { code, stderr } = await server.ended
    expect(code).toBe(2)
    expect(stderr.trimEnd().split('\n')).toEqual([
      'crossworker: worker 0 ended (SIGKILL); starting it again',
      'crossworker: worker 0 did not start: planted: no second time',
    ])
  })

  test('ends when the parent that started it goes', async () => {
    const server = await start({ STRATEGY: 'memory', WORKERS: '2' })
    server.child.disconnect()
    expect(await server.ended).toMatchObject({ code: 0, stderr: '' })
    expect(server.line.workers.filter(({ pid }) => isAlive(pid))).toEqual([])
  })

  test('ends also when the parent goes before it is ready', async () => {
    const strategy = await strategyFile(`async open({ dataDir }) {
      const { writeFile, access } = await import('node:fs/promises')
      await writeFile(dataDir + '/opening', '')
      while (await access(dataDir + '/go').then(() => false, () => true)) ;
      return { issue: () => 'id', read() {}, take() {}, close() {} }
    }`)
    const server = launch({ STRATEGY: strategy, WORKERS: '1' })
    while (!existsSync(join(server.dataDir, 'opening'))) await new Promise((done) => setTimeout(done, 10))
    server.child.disconnect()
    await writeFile(join(server.dataDir, 'go'), '')
    expect(await Promise.race([server.ended, late(5_000)])).not.toBe('still running')
  })

  test('leaves no worker behind when the primary is killed', async () => {
    const server = await start({ STRATEGY: 'hybrid', WORKERS: '2' })
    server.child.kill('SIGKILL')
    expect((await server.ended).code).toBeNull()
  })
})

function late(ms: number): Promise<string> {
  return new Promise((resolve) => setTimeout(() => resolve('still running'), ms))
}

async function refusesConnections(url: string): Promise<void> {
  const { hostname, port } = new URL(url)
  for (;;) {
    const socket = connect(Number(port), hostname)
    const refused = await once(socket, 'connect').then(
      () => false,
      () => true,
    )
    socket.destroy()
    if (refused) return
  }
}

/** Exit code 2, nothing on stdout, one line on stderr; `ended` itself waits for the last worker. */
async function refusal(settings: Record<string, string>): Promise<string> {
  const { code, stdout, stderr } = await launch(settings).ended
  expect({ code, stdout, lines: stderr.split('\n').length }).toEqual({ code: 2, stdout: '', lines: 2 })
  expect(stderr).toMatch(/^crossworker: .*\n$/)
  return stderr
}

describe('a server whose workers are threads', () => {
  test('has an endpoint for each, and one process', async () => {
    const server = await start({ STRATEGY: 'memory', TOPOLOGY: 'threads', WORKERS: '3' })
    const { endpoints, workers } = server.line
    expect(new Set(endpoints).size).toBe(3)
    expect(new Set(workers.map(({ pid }) => pid))).toEqual(new Set([server.child.pid]))
    const answers = await Promise.all(endpoints.map((endpoint) => ask(`${endpoint}/health`)))
    expect(answers.map(({ worker }) => worker)).toEqual([0, 1, 2])
    expect(await stop(server)).toMatchObject({ code: 0, stderr: '' })
  })

  for (const { strategy, elsewhere } of [
    { strategy: 'memory', elsewhere: 404 },
    { strategy: 'directory', elsewhere: 200 },
  ]) {
    test(`answers ${elsewhere} in the next thread with ${strategy}`, async () => {
      const { line } = await start({ STRATEGY: strategy, TOPOLOGY: 'threads', WORKERS: '2' })
      const [here = '', there = ''] = line.endpoints
      expect((await verify(there, await issue(here))).status).toBe(elsewhere)
    })
  }

  test('hands memory over that all of them share, and carries calls', async () => {
    const path = await strategyFile(`
      host: () => ({ handoff: new Int32Array(new SharedArrayBuffer(4)), handle: (message, workerId) => [message, workerId].join(), close() {} }),
      open: ({ handoff, call }) => ({
        issue: () => String(Atomics.add(handoff, 0, 1)),
        read: (id) => call(id),
        take: () => undefined,
        close() {},
      })`)
    const { line } = await start({ STRATEGY: path, TOPOLOGY: 'threads', WORKERS: '2' })
    const [here = '', there = ''] = line.endpoints
    expect([(await issue(here)).id, (await issue(there)).id, (await issue(here)).id]).toEqual(['0', '1', '2'])
    expect((await ask(`${there}/captcha/asked/image`)).status).toBe(200)
  })

  test('starts one that threw again, on its port, and the others go on', async () => {
    const path = await strategyFile(`
      open: () => ({
        issue: () => { setImmediate(() => { throw new Error('planted') }); return 'abc' },
        read: () => 'X', take: () => 'X', close() {},
      })`)
    const server = await start({ STRATEGY: path, TOPOLOGY: 'threads', WORKERS: '2' })
    const [crashing = '', other = ''] = server.line.endpoints
    const replaced = server.says('stdout', /"replaced":true/)
    await ask(`${crashing}/captcha`, { method: 'POST' }).catch(() => undefined)
    expect((await ask(`${other}/health`)).worker).toBe(1)
    expect(JSON.parse((await replaced).split('\n')[1] ?? '')).toMatchObject({ worker: { id: 0 } })
    expect((await ask(`${crashing}/health`)).worker).toBe(0)
    expect(await stop(server)).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/worker 0 ended \(planted\)/),
    })
  })

  test('has the ports from the one it was given on', async () => {
    const blocker = createServer().listen(0, '127.0.0.1')
    await once(blocker, 'listening')
    const { port } = blocker.address() as AddressInfo
    const { stderr, code } = await launch({ TOPOLOGY: 'threads', WORKERS: '2', PORT: String(port - 1) }).ended
    blocker.close()
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/^crossworker: PORT: expected a port that is free/),
    ])
  })
})

describe('a server that cannot start', () => {
  test('names the variable that does not fit', async () => {
    const refusals = await Promise.all([
      refusal({ STRATEGY: 'hybird' }),
      refusal({ PORT: 'http' }),
      refusal({ WORKERS: '0' }),
      refusal({ NODE_ENV: 'production' }),
    ])
    expect(refusals.map((line) => line.split(' ')[1])).toEqual([
      'STRATEGY:',
      'PORT:',
      'WORKERS:',
      'REVEAL_ANSWERS:',
    ])
    expect(refusals[0]).toContain('got "hybird"')
  })

  test('names the port that is taken', async () => {
    const taken = createServer()
    await once(taken.listen(0, '127.0.0.1'), 'listening')
    const { port } = taken.address() as AddressInfo
    expect(await refusal({ PORT: String(port) })).toMatch(
      new RegExp(`PORT: expected a port that is free on 127\\.0\\.0\\.1, got ${port} \\(.*EADDRINUSE`),
    )
    taken.close()
  })

  test('names the data directory that is none', async () => {
    const path = join(folder, 'a-file')
    await writeFile(path, '')
    expect(await refusal({ DATA_DIR: path })).toMatch(/DATA_DIR: expected a directory .*EEXIST/)
  })

  test('names the member of a module that does not fit', async () => {
    const strategy = await strategyFile('open: 7')
    expect(await refusal({ STRATEGY: strategy })).toMatch(/STRATEGY: .*mine\.mjs: open: expected a function/)
  })

  test('says why a worker could not open its store, and leaves none of the others running', async () => {
    const strategy = await strategyFile(`async open({ dataDir, workerId }) {
      const { writeFile } = await import('node:fs/promises')
      await writeFile(dataDir + '/' + process.pid, '')
      if (workerId === 2) throw new Error('planted: no medium')
      return { issue: () => 'id', read() {}, take() {}, close() {} }
    }`)
    const line = await refusal({ STRATEGY: strategy, WORKERS: '3' })
    expect(line).toBe('crossworker: worker 2 did not start: planted: no medium\n')
    const pids = (await readdir(join(folder, 'data'))).map(Number)
    expect(pids.filter(isAlive)).toEqual([])
  })

  test('says why the half in the primary could not start', async () => {
    const strategy = await strategyFile(`open() {}, host() { throw new Error('planted: no host') }`)
    expect(await refusal({ STRATEGY: strategy })).toBe('crossworker: planted: no host\n')
  })

  test('says that a worker ended when it could not say why itself', async () => {
    const strategy = await strategyFile('open() { process.exit(3) }')
    const line = await refusal({ STRATEGY: strategy, WORKERS: '1' })
    expect(line).toBe('crossworker: worker 0 did not start: it ended before it listened\n')
  })
})

describe('a strategy named by its path', () => {
  test('may use a library that sends something else over the same channel', async () => {
    const strategy = await strategyFile(`
      open() {
        for (const message of [null, 1, {}]) process.send(message)
        return { issue: () => 'x', read() {}, take() {}, close() {} }
      }`)
    const server = await start({ STRATEGY: strategy, WORKERS: '1' })
    expect((await ask(`${server.url}/health`)).status).toBe(200)
    expect((await stop(server)).code).toBe(0)
  })

  test('is asked in every worker, and its half in the primary knows who asks', async () => {
    const strategy = await strategyFile(`
      open({ call, handoff }) {
        const ask = async (...message) => (await call(message)) ?? undefined
        return {
          issue: (answer) => ask('issue', handoff.prefix, answer),
          read: (id) => ask('read', id),
          take: (id) => ask('take', id),
          close() {},
        }
      },
      host() {
        const captchas = new Map()
        const handle = ([verb, id, answer], workerId) => {
          if (id === 'broken') throw new Error('planted: disk full')
          const found = captchas.get(id)
          if (verb === 'take') captchas.delete(id)
          if (verb !== 'issue') return found
          const fresh = id + captchas.size + '-by-' + workerId
          captchas.set(fresh, answer)
          return fresh
        }
        return { handoff: { prefix: 'from-host-' }, handle, close() {} }
      }`)
    const server = await start({ STRATEGY: strategy, WORKERS: '2' })
    const [zero, one] = await connections(server, 2)
    const captcha = await issue(server.url, zero)
    expect(captcha.id).toBe('from-host-0-by-0')
    const verdicts = [await verify(server.url, captcha, one), await verify(server.url, captcha, zero)]
    expect(verdicts.map(({ status, worker }) => [status, worker])).toEqual([
      [200, 1],
      [404, 0],
    ])
    const failed = await verify(server.url, { id: 'broken', answer: '' }, one)
    expect([failed.status, failed.worker]).toEqual([503, 1])
    expect(await server.says('stderr', /\n/)).toMatch(/worker 1: the store failed .*planted: disk full/)
    zero?.destroy()
    one?.destroy()
    expect((await stop(server)).code).toBe(0)
  })
})

describe('a server whose workers call its primary', () => {
  test.skipIf(process.platform !== 'linux')('keeps no descriptor of a worker that has gone', async () => {
    const server = await start({ STRATEGY: 'manager', WORKERS: '1' })
    const open = () => readdirSync(`/proc/${server.child.pid}/fd`).length
    const before = open()
    let { workers } = server.line
    for (let times = 1; times <= 3; times += 1) {
      await issue(server.url)
      process.kill(workers[0]?.pid ?? 0, 'SIGKILL')
      const lines = await server.says('stdout', new RegExp(`(?:.*"replaced":true.*\\n){${times}}`))
      workers = [JSON.parse(lines.trimEnd().split('\n').at(-1) ?? '').worker]
    }
    expect(open()).toBe(before)
    expect((await stop(server)).code).toBe(0)
  })

  test('starts a worker again that sends something that is no call, and the others go on', async () => {
    const strategy = await strategyFile(`
      open: ({ call }) => ({
        issue: (answer) => call(answer),
        read: async (id) => (await import('node:fs')).writeSync(4, 'planted\\n'),
        take() {}, close() {},
      }),
      host: () => ({ handle: (message) => 'abc', close() {} })`)
    const server = await start({ STRATEGY: strategy, WORKERS: '2' })
    const [zero, one] = await connections(server, 2)
    const replaced = server.says('stdout', /"replaced":true/)
    await ask(`${server.url}/captcha/any/image`, { agent: zero ?? false }).catch(() => undefined)
    expect(await server.says('stderr', /again\n/)).toBe(
      'crossworker: worker 0 ended (it sent something that is no call); starting it again\n',
    )
    expect((await issue(server.url, one)).id).toBe('abc')
    await replaced
    await until(server.url, ({ worker }) => worker === 0)
    one?.destroy()
    expect((await stop(server)).code).toBe(0)
  })

  test('answers the calls under way when it is told to end', async () => {
    const strategy = await strategyFile(`
      open: ({ call }) => ({ issue: () => call('issue'), read() {}, take() {}, close: () => call('close') }),
      async host({ dataDir }) {
        const { writeFileSync } = await import('node:fs')
        const ended = new Promise((resolve) => process.once('SIGTERM', () => setImmediate(resolve)))
        const handle = async (message) => {
          writeFileSync(dataDir + '/' + message, '')
          await ended
          return 'abc'
        }
        return { handle, close() {} }
      }`)
    const server = await start({ STRATEGY: strategy, WORKERS: '1' })
    const issued = ask(`${server.url}/captcha`, { method: 'POST' })
    while (!existsSync(join(server.dataDir, 'issue'))) await new Promise((done) => setTimeout(done, 10))
    server.child.kill('SIGTERM')
    expect((await issued).status).toBe(201)
    expect(await server.ended).toMatchObject({ code: 0, stderr: '' })
    expect(existsSync(join(server.dataDir, 'close'))).toBe(true)
  })
})
