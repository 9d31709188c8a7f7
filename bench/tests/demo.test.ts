import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { parseDemoOptions } from '../demo/options.js'
import type { State } from '../demo/state.js'
import { countLogin, emptyTally, expectedRate } from '../demo/tally.js'
import { endingOfRace, endingOfTry } from '../demo/telling.js'
import { UsageError } from '../options.js'
import { packageRoot } from '../paths.js'
import { isAlive } from '../processes.js'
import { type Staged, stage } from './demo.fixtures.js'
import { processesMarked } from './leftovers.js'

// Servers start, and the program's roster tries engines beside them.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

let demo: Staged
/** Every body that came over the wire. */
const bodies: string[] = []
/** Every answer that must not be in one of them. */
const answers: string[] = []

beforeAll(async () => {
  demo = await stage('api')
})
afterAll(async () => {
  expect(await demo.end()).toEqual([])
})

const host = '127.0.0.1:4000'
const fromPage = { host, origin: `http://${host}` }

async function get(url: string, headers: Record<string, string> = { host }) {
  const answer = await demo.web.inject({ url, headers })
  bodies.push(answer.body)
  return answer
}

async function post(act: string, payload: object | string = {}, headers: Record<string, string> = fromPage) {
  const answer = await demo.web.inject({ method: 'POST', url: `/api/${act}`, payload, headers })
  bodies.push(answer.body)
  return answer
}

async function done(act: string, payload: object = {}): Promise<State> {
  const answer = await post(act, payload)
  expect([answer.statusCode, answer.statusCode === 200 ? '' : answer.body]).toEqual([200, ''])
  return answer.json()
}

/** A person looks at a new captcha and types what it shows. */
async function logIn(route: 'any' | 'same' | 'another'): Promise<State> {
  const { captcha } = await done('captcha')
  const number = captcha?.number ?? 0
  const answer = demo.session.answerOf(number) ?? ''
  answers.push(answer)
  return done('submit', { captcha: number, answer: answer.toLowerCase(), route })
}

const resultsOf = ({ stories }: State, kind: 'try' | 'cheat') =>
  stories[kind]?.steps.flatMap(({ result }) => result ?? []).toSorted()

describe('the page', () => {
  test('is plain files under a strict policy', async () => {
    for (const [url, type] of [
      ['/', 'text/html; charset=utf-8'],
      ['/style.css', 'text/css; charset=utf-8'],
      ['/page.js', 'text/javascript; charset=utf-8'],
      ['/parts.js', 'text/javascript; charset=utf-8'],
      ['/charts.js', 'text/javascript; charset=utf-8'],
      ['/icon.svg', 'image/svg+xml'],
    ] as const) {
      const { statusCode, headers, body } = await get(url)
      expect([url, statusCode, headers['content-type']]).toEqual([url, 200, type])
      expect(headers['content-security-policy']).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
      )
      expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' })
      expect(body).not.toMatch(/innerHTML|insertAdjacentHTML|<script>|<style|\sstyle=|\son\w+="/)
    }
  })

  test('has nothing beside them', async () => {
    for (const url of [
      '/../package.json',
      '/%2e%2e/demo.ts',
      '/index.html',
      '/picture/memory/999',
      '/picture/x/1',
    ])
      expect((await get(url)).statusCode).toBe(404)
  })

  test('is kept from pages elsewhere', async () => {
    const kill = (headers: Record<string, string>) => post('kill', { worker: 0 }, headers)
    for (const refused of [
      await get('/', { host: 'evil.example:4000' }),
      await get('/', { host: 'localhost.evil.example' }),
      await kill({ host }),
      await kill({ host, origin: 'http://evil.example' }),
      await kill({ host, origin: 'http://127.0.0.1:4001' }),
      await kill({ host, origin: 'null' }),
      await kill({ host: 'evil.example', origin: 'http://evil.example' }),
    ])
      expect(refused.statusCode).toBe(403)
    for (const name of ['localhost:4000', '127.0.0.1', '[::1]:4000'])
      expect((await get('/', { host: name })).statusCode).toBe(200)
    expect(demo.session.state().workers.every(({ pid }) => isAlive(pid))).toBe(true)
  })

  test.each([
    ['a long body', 'submit', { captcha: 1, answer: 'x'.repeat(2_000), route: 'any' }, 413],
    ['a long answer', 'submit', { captcha: 1, answer: 'x'.repeat(65), route: 'any' }, 400],
    ['another route', 'submit', { captcha: 1, answer: 'x', route: 'nowhere' }, 400],
    ['a number as text', 'kill', { worker: '0' }, 400],
    ['more than was asked for', 'race', { more: 1 }, 400],
    ['a path', 'strategy', { name: '../x' }, 400],
    ['too many logins', 'logins', { count: 1_001 }, 400],
    ['a captcha that is not there', 'submit', { captcha: 999_999, answer: 'x', route: 'any' }, 409],
    ['a worker that is not there', 'kill', { worker: 9 }, 409],
    ['a strategy that is not there', 'strategy', { name: 'nothing' }, 409],
    ['a strategy that cannot run', 'strategy', { name: 'away' }, 409],
  ])('refuses %s', async (_what, act, payload, status) => {
    expect((await post(act, payload)).statusCode).toBe(status)
  })

  test('takes nothing but JSON', async () => {
    const headers = { ...fromPage, 'content-type': 'text/plain' }
    expect((await post('race', '{}', headers)).statusCode).toBe(415)
  })

  test('pushes what has changed', async () => {
    const url = await demo.web.listen({ host: '127.0.0.1', port: 0 })
    const leaving = new AbortController()
    const { body } = await fetch(`${url}/api/states`, { signal: leaving.signal })
    const reader = body?.pipeThrough(new TextDecoderStream()).getReader()
    const first = (await reader?.read())?.value ?? ''
    expect(JSON.parse(first.replace(/^data: /, ''))).toMatchObject({ strategy: { name: 'memory' } })
    const { captcha } = await done('captcha')
    // What was under way before it may be pushed once more in between.
    let pushed = ''
    while (!pushed.includes(`"number":${captcha?.number}`)) {
      const next = await reader?.read()
      expect(next?.done).toBe(false)
      pushed = next?.value ?? ''
    }
    leaving.abort()
  })
})

describe('under memory', () => {
  test('a captcha is a picture of its worker, which holds it', async () => {
    const { captcha, stories, workers, shared } = await done('captcha')
    const { headers, body } = await get(`/picture/memory/${captcha?.number}`)
    expect(headers['content-type']).toBe('image/svg+xml')
    expect(body).toMatch(/^<svg/)
    expect(stories.try.steps).toMatchObject([
      { time: 0, workers: [captcha?.issuer], what: `issued captcha ${captcha?.number}` },
    ])
    const issuer = workers.find(({ id }) => id === captcha?.issuer.id)
    expect(issuer?.holds?.newest).toContain(captcha?.number)
    expect(shared).toBeUndefined()
  })

  test('another worker has never heard of it, and the one that issued it has', async () => {
    const missed = await logIn('another')
    const [issued, answered] = missed.stories.try.steps
    expect(answered).toMatchObject({ time: 1, what: 'answered', result: 'unknown' })
    expect(answered?.workers[0]?.id).not.toBe(issued?.workers[0]?.id)
    expect(missed.stories.try).toMatchObject({
      mood: 'bad',
      moral: expect.stringMatching(/never heard of it/),
    })
    const { number = 0 } = missed.captcha ?? {}
    const sent = { captcha: number, answer: demo.session.answerOf(number) ?? '', route: 'same' }
    const found = await done('submit', sent)
    expect(found.stories.try).toMatchObject({ mood: 'good' })
    expect(found.stories.try.steps.at(-1)).toMatchObject({ time: 2, result: 'accepted' })
    expect(found.workers.flatMap(({ holds }) => holds?.newest ?? [])).not.toContain(number)
  })

  test('a wrong answer uses a captcha up', async () => {
    const { captcha } = await done('captcha')
    const sent = { captcha: captcha?.number, answer: 'nonsense', route: 'same' }
    expect((await done('submit', sent)).stories.try).toMatchObject({
      moral: expect.stringMatching(/^Wrong, and used up/),
    })
    expect((await done('submit', sent)).stories.try).toMatchObject({
      moral: expect.stringMatching(/unknown is the right/),
    })
  })

  test('logins fail exactly where they went to another worker', async () => {
    const { tally, logins } = await done('logins', { count: 60 })
    expect(logins).toBeUndefined()
    expect(tally.same.attempts + tally.cross.attempts).toBe(60)
    expect(tally.same).toMatchObject({ failures: 0 })
    expect(tally.cross.failures).toBe(tally.cross.attempts)
    expect(tally.cross.attempts / 60).toBeGreaterThan(0.5)
    expect(tally.expected).toBeCloseTo(0.75)
    expect(tally.take.medianUs).toBeGreaterThan(0)
    expect(tally.write.recentUs.length).toBeGreaterThanOrEqual(60)
  })

  test('a race is won by the worker that issued it, and a replay finds nobody who knows', async () => {
    expect(resultsOf(await done('race'), 'cheat')).toEqual(['accepted', 'unknown'])
    await logIn('same')
    const { stories } = await done('replay')
    expect(stories.cheat).toMatchObject({ mood: 'good', moral: expect.stringMatching(/never knew it/) })
  })

  test('a killed worker takes its captchas along, the others survive, and another takes its place', async () => {
    const { captcha, workers } = await done('captcha')
    const { id = 0, pid = 0 } = captcha?.issuer ?? {}
    const after = await done('kill', { worker: id })
    const [killed, survivors, back] = after.stories.kill?.steps ?? []
    expect(killed?.workers).toEqual([{ id, pid }])
    expect(survivors?.workers).toHaveLength(workers.length - 1)
    expect(back?.workers[0]).toMatchObject({ id, pid: expect.any(Number) })
    expect(back?.workers[0]?.pid).not.toBe(pid)
    expect(after.stories.kill?.moral).toMatch(/captchas? died with it/)
    expect(after.captcha?.fate).toBe('lost')
    expect(after.workers.every(({ running }) => running)).toBe(true)
    const sent = { captcha: captcha?.number, answer: 'whatever', route: 'same' }
    expect((await done('submit', sent)).stories.try.moral).toMatch(/died with worker/)
  })
})

describe('under another strategy', () => {
  test('the same clicks succeed: sqlite', async () => {
    const { strategy, tally, strategies, shared } = await done('strategy', { name: 'sqlite' })
    expect(strategy).toMatchObject({ name: 'sqlite' })
    expect(tally).toMatchObject({ same: { attempts: 0 }, expected: 0 })
    expect(shared?.count).toBe(1)
    expect(strategies).toContainEqual(expect.objectContaining({ name: 'away', skipped: expect.any(String) }))
    const { stories } = await logIn('another')
    expect(stories.try).toMatchObject({
      mood: 'good',
      moral: expect.stringMatching(/sqlite knows it all the same/),
    })
    expect((await done('replay')).stories.cheat?.moral).toMatch(/that is single use/)
    expect(resultsOf(await done('race'), 'cheat')).toEqual(['accepted', 'unknown'])
    const after = await done('logins', { count: 20 })
    expect([after.tally.same.failures, after.tally.cross.failures]).toEqual([0, 0])
  })

  test('a token lets one in twice', async () => {
    await done('strategy', { name: 'token' })
    const { stories } = await done('replay')
    expect(stories.cheat).toMatchObject({ mood: 'bad', moral: expect.stringMatching(/^Accepted twice/) })
    expect(resultsOf(await done('race'), 'cheat')).toEqual(['accepted', 'accepted'])
  })

  test('each keeps its own count', async () => {
    const { tally } = await done('strategy', { name: 'memory' })
    expect(tally.cross.failures).toBeGreaterThan(0)
  })
})

test('no answer has ever come over the wire', () => {
  expect(answers.length).toBeGreaterThan(2)
  for (const answer of answers) expect(bodies.filter((body) => body.includes(answer))).toEqual([])
})

describe('what is told and counted', () => {
  const worker = (id: number) => ({ id, pid: 100 + id })
  const attempt = { number: 7, issuer: worker(1), verifier: worker(3), accepted: false, workers: 4 }
  const claims = { scope: 'host', singleUse: true, survives: 'restart' } as const

  test('an unknown captcha that was shared breaks a promise, and an exhibit says why', () => {
    const exhibit = 'Each issue overwrites the one before.'
    const ending = endingOfTry(
      { name: 'file-naive', claims, exhibit },
      { ...attempt, fate: 'open' },
      'unknown',
    )
    expect(ending).toMatchObject({
      mood: 'bad',
      moral: expect.stringMatching(/although .* Each issue overwrites/),
    })
  })

  test.each([
    ['expired', 'unknown', 'neutral'],
    ['open', 'unavailable', 'bad'],
    ['open', 'none', 'bad'],
    ['open', 'accepted', 'good'],
  ] as const)('a captcha that was %s and answered %s is %s', (fate, result, mood) => {
    expect(endingOfTry({ name: 'sqlite', claims }, { ...attempt, fate }, result).mood).toBe(mood)
  })

  test('one that was accepted and one that said nothing is no proof of single use', () => {
    const setting = { name: 'sqlite', claims }
    expect(endingOfRace(setting, ['accepted', 'unavailable']).mood).toBe('neutral')
    expect(endingOfRace(setting, ['unknown', 'unknown']).mood).toBe('bad')
  })

  test('the expected rate is that of two draws of a worker', () => {
    const process = { ...claims, scope: 'process' } as const
    expect([1, 2, 4].map((workers) => expectedRate(process, workers))).toEqual([0, 0.5, 0.75])
    expect(expectedRate(claims, 4)).toBe(0)
  })

  test('a login is counted on its side', () => {
    const tally = countLogin(emptyTally, { isSame: false, accepted: false, expected: 0.75 })
    expect(tally).toMatchObject({
      cross: { attempts: 1, failures: 1 },
      same: { attempts: 0 },
      expectedFailures: 0.75,
    })
  })
})

describe('the program', () => {
  test('reads its options', () => {
    expect(parseDemoOptions([])).toEqual({
      strategy: 'memory',
      workers: 4,
      host: '127.0.0.1',
      port: 0,
      ttlSeconds: 120,
    })
    for (const argv of [['--workers', '1'], ['--port', 'x'], ['--nothing'], ['stray']])
      expect(() => parseDemoOptions(argv)).toThrow(UsageError)
  })

  test('prints where its page is, and leaves nothing when it is interrupted', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'crossworker-demo-'))
    const mark = `demo-test-program-${process.pid}-${Date.now()}`
    const child = spawn(process.execPath, [join(packageRoot, 'dist/bench/demo.js'), '--workers', '2'], {
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, TMPDIR: folder, CROSSWORKER_TEST: mark },
    })
    const [line] = await once(child.stdout.setEncoding('utf8'), 'data')
    const [url = ''] = String(line).split('\n')
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    expect((await fetch(url)).status).toBe(200)
    // As a terminal does: to all of the group.
    process.kill(-(child.pid ?? 0), 'SIGINT')
    expect(await once(child, 'close')).toEqual([0, null])
    expect([...processesMarked(mark), ...(await readdir(folder))]).toEqual([])
    await rm(folder, { recursive: true })
  })
})
