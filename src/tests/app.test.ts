import type { InjectOptions } from 'fastify'
import { describe, expect, test, vi } from 'vitest'
import { type AppOptions, buildApp } from '../app.js'
import { blankPicture } from '../captcha.js'
import { createExpiringMap } from '../strategies/memory.js'
import type { CaptchaStore } from '../strategy.js'

/** Counts ids up, so that tests can name them. */
function fakeStore(over: Partial<CaptchaStore> = {}): CaptchaStore {
  const captchas = createExpiringMap()
  let issued = 0
  return {
    issue(answer, ttlMs) {
      const id = `id-${++issued}`
      captchas.set(id, answer, ttlMs)
      return id
    },
    read: captchas.get,
    take: captchas.take,
    close: captchas.close,
    ...over,
  }
}

function appOver(over: Partial<AppOptions> = {}) {
  const onStoreError = vi.fn()
  const app = buildApp({
    store: fakeStore(),
    ttlMs: 60_000,
    render: 'svg',
    revealAnswers: false,
    workerId: 3,
    instance: 'instance-1',
    onStoreError,
    ...over,
  })
  return { app, onStoreError }
}

function verify(id: string, answer: unknown): InjectOptions {
  return { method: 'POST', url: `/captcha/${id}/verify`, payload: { answer } }
}

const durations = /^store;dur=\d+\.\d{4}$/

describe('POST /captcha', () => {
  test('answers 201 with an id and the time it expires', async () => {
    const { app } = appOver()
    const before = Date.now()
    const { statusCode, headers, body } = await app.inject({ method: 'POST', url: '/captcha' })
    const { id, expiresAt, ...rest } = JSON.parse(body)
    expect([statusCode, id, rest]).toEqual([201, 'id-1', {}])
    expect(Date.parse(expiresAt)).toBeGreaterThanOrEqual(before + 60_000)
    expect(Date.parse(expiresAt)).toBeLessThanOrEqual(Date.now() + 60_000)
    expect(headers['server-timing']).toMatch(durations)
  })

  test('stores a drawn code for the lifetime it was told', async () => {
    const issue = vi.fn(() => 'an-id')
    const { app } = appOver({ store: fakeStore({ issue }), ttlMs: 1_234 })
    await app.inject({ method: 'POST', url: '/captcha' })
    expect(issue).toHaveBeenCalledExactlyOnceWith(expect.stringMatching(/^[A-Z2-9]{6}$/), 1_234)
  })

  for (const id of ['', 'a b', 'x'.repeat(513), 'ä']) {
    test(`answers 503 when the store makes an id nobody could come back with: ${id.slice(0, 5)}`, async () => {
      const { app } = appOver({ store: fakeStore({ issue: () => id }) })
      expect((await app.inject({ method: 'POST', url: '/captcha' })).statusCode).toBe(503)
    })
  }
})

describe('GET /captcha/:id/image', () => {
  test('answers 200 with a picture nobody may cache, and both times', async () => {
    const { app } = appOver({ store: fakeStore({ read: () => 'K7QX2M' }) })
    const { statusCode, headers, body } = await app.inject('/captcha/id-1/image')
    expect(statusCode).toBe(200)
    expect(headers['content-type']).toMatch(/^image\/svg\+xml/)
    expect(headers['cache-control']).toBe('no-store')
    expect(headers['server-timing']).toMatch(/^store;dur=\d+\.\d{4}, render;dur=\d+\.\d{4}$/)
    expect(body).toMatch(/^<svg [\s\S]*<path/)
  })

  test('leaves the captcha to be taken', async () => {
    const { app } = appOver({ revealAnswers: true })
    const { headers } = await app.inject({ method: 'POST', url: '/captcha' })
    await app.inject('/captcha/id-1/image')
    await app.inject('/captcha/id-1/image')
    expect((await app.inject(verify('id-1', headers['x-captcha-answer']))).statusCode).toBe(200)
  })

  test('answers 404 for what the store does not know', async () => {
    const { statusCode, body, headers } = await appOver().app.inject('/captcha/id-9/image')
    expect(statusCode).toBe(404)
    expect(JSON.parse(body)).toEqual({ error: 'unknown, expired or already used captcha' })
    expect(headers['server-timing']).toMatch(durations)
  })

  test('reads the store and draws nothing with RENDER=none', async () => {
    const read = vi.fn(() => 'K7QX2M')
    const { app } = appOver({ render: 'none', store: fakeStore({ read }) })
    const { statusCode, headers, body } = await app.inject('/captcha/id-1/image')
    expect([statusCode, body]).toEqual([200, blankPicture])
    expect(headers['content-type']).toMatch(/^image\/svg\+xml/)
    expect(headers['server-timing']).toMatch(durations)
    expect(read).toHaveBeenCalledExactlyOnceWith('id-1')
  })

  test('draws an empty answer: only undefined means unknown', async () => {
    const { app } = appOver({ store: fakeStore({ read: () => '' }) })
    expect((await app.inject('/captcha/id-1/image')).statusCode).toBe(200)
  })
})

describe('POST /captcha/:id/verify', () => {
  test('accepts the answer once, whatever its case and blanks', async () => {
    const { app } = appOver({ revealAnswers: true })
    const issued = await app.inject({ method: 'POST', url: '/captcha' })
    const answer = ` ${String(issued.headers['x-captcha-answer']).toLowerCase()}\n`
    const first = await app.inject(verify('id-1', answer))
    const second = await app.inject(verify('id-1', answer))
    expect([first.statusCode, first.json()]).toEqual([200, { verdict: 'accepted' }])
    expect([second.statusCode, second.json()]).toEqual([404, { verdict: 'unknown' }])
    expect(first.headers['server-timing']).toMatch(durations)
  })

  test('burns the captcha at a wrong answer', async () => {
    const { app } = appOver({ revealAnswers: true })
    const issued = await app.inject({ method: 'POST', url: '/captcha' })
    const wrong = await app.inject(verify('id-1', 'WRONG'))
    const right = await app.inject(verify('id-1', issued.headers['x-captcha-answer']))
    expect([wrong.statusCode, wrong.json()]).toEqual([403, { verdict: 'wrong' }])
    expect([right.statusCode, right.json()]).toEqual([404, { verdict: 'unknown' }])
  })

  test('never reads before it takes', async () => {
    const read = vi.fn(() => 'K7QX2M')
    const { app } = appOver({ store: fakeStore({ read, take: () => 'K7QX2M' }) })
    expect((await app.inject(verify('id-1', 'k7qx2m'))).statusCode).toBe(200)
    expect(read).not.toHaveBeenCalled()
  })

  test('accepts one of many who answer at once', async () => {
    const { app } = appOver({ revealAnswers: true })
    const { headers } = await app.inject({ method: 'POST', url: '/captcha' })
    const answers = Array.from({ length: 20 }, () => app.inject(verify('id-1', headers['x-captcha-answer'])))
    const codes = (await Promise.all(answers)).map(({ statusCode }) => statusCode)
    expect(codes.filter((code) => code === 200)).toHaveLength(1)
    expect(codes.filter((code) => code === 404)).toHaveLength(19)
  })

  const bodies: readonly (readonly [what: string, options: InjectOptions])[] = [
    ['no body', {}],
    ['an empty body', { payload: '', headers: { 'content-type': 'application/json' } }],
    ['a body that is no JSON', { payload: '{"answer":', headers: { 'content-type': 'application/json' } }],
    ['no answer', { payload: { reply: 'K7QX2M' } }],
    ['an answer that is an object', { payload: { answer: { $ne: '' } } }],
    ['an answer of 65 characters', { payload: { answer: 'A'.repeat(65) } }],
    ['an array', { payload: [] }],
    ['text', { payload: 'K7QX2M', headers: { 'content-type': 'text/plain' } }],
    [
      'a prototype',
      { payload: '{"__proto__":{"answer":"A"}}', headers: { 'content-type': 'application/json' } },
    ],
  ]
  for (const [what, options] of bodies) {
    test(`answers 400 to ${what}, and burns nothing`, async () => {
      const take = vi.fn()
      const { app } = appOver({ store: fakeStore({ take }) })
      const { statusCode, headers } = await app.inject({ ...verify('id-1', ''), payload: '', ...options })
      expect([statusCode, headers['x-worker']]).toEqual([400, '3'])
      expect(take).not.toHaveBeenCalled()
    })
  }

  test('refuses a body of more than a kilobyte with 413, and burns nothing', async () => {
    const take = vi.fn()
    const { app } = appOver({ store: fakeStore({ take }) })
    const { statusCode, headers } = await app.inject(verify('id-1', 'A'.repeat(1_100)))
    expect([statusCode, headers['x-worker']]).toEqual([413, '3'])
    expect(take).not.toHaveBeenCalled()
  })

  test('takes an answer of exactly 64 characters', async () => {
    const { app } = appOver({ store: fakeStore({ take: () => 'K7QX2M' }) })
    expect((await app.inject(verify('id-1', 'A'.repeat(64)))).statusCode).toBe(403)
  })
})

describe('ids', () => {
  const hostile = [
    'a.b',
    '..%2F..%2Fetc%2Fpasswd',
    '%00',
    'a%20b',
    "'%3B--",
    '%E2%82%AC',
    'a%0A',
    'x'.repeat(513),
    'x'.repeat(5_000),
  ]
  for (const id of hostile) {
    test(`answers 400 to ${id.slice(0, 22)} (${id.length} characters) without asking the store`, async () => {
      const [read, take] = [vi.fn(), vi.fn()]
      const { app } = appOver({ store: fakeStore({ read, take }) })
      const image = await app.inject(`/captcha/${id}/image`)
      const verdict = await app.inject(verify(id, 'K7QX2M'))
      expect([image.statusCode, verdict.statusCode]).toEqual([400, 400])
      expect([read.mock.calls, take.mock.calls]).toEqual([[], []])
    })
  }

  for (const id of ['constructor', '__proto__', 'toString', '-', '_', 'x'.repeat(512)]) {
    test(`passes ${id.slice(0, 12)} (${id.length} characters) to the store like any other`, async () => {
      const { app } = appOver()
      expect((await app.inject(`/captcha/${id}/image`)).statusCode).toBe(404)
      expect((await app.inject(verify(id, 'K7QX2M'))).json()).toEqual({ verdict: 'unknown' })
    })
  }
})

describe('a store that fails', () => {
  const requests: Readonly<Record<'issue' | 'read' | 'take', InjectOptions>> = {
    issue: { method: 'POST', url: '/captcha' },
    read: { url: '/captcha/id-1/image' },
    take: verify('id-1', 'K7QX2M'),
  }
  const failures: Readonly<Record<string, () => never | Promise<never>>> = {
    throws: () => {
      throw new Error('EIO: /secret/path')
    },
    rejects: () => Promise.reject(new Error('EIO: /secret/path')),
    'throws an error with a status of its own': () => {
      throw Object.assign(new Error('EIO: /secret/path'), { statusCode: 200, validation: [] })
    },
  }
  for (const verb of ['issue', 'read', 'take'] as const) {
    for (const [how, fail] of Object.entries(failures)) {
      test(`is answered 503 when ${verb} ${how}, and nothing is given away`, async () => {
        const { app, onStoreError } = appOver({ store: fakeStore({ [verb]: fail }), revealAnswers: true })
        const { statusCode, headers, body } = await app.inject(requests[verb])
        expect(statusCode).toBe(503)
        expect(JSON.parse(body)).toEqual({
          error: 'the captcha store is unavailable; nothing was accepted',
        })
        expect(headers).toMatchObject({ 'x-worker': '3', 'x-instance': 'instance-1' })
        expect(headers['server-timing']).toMatch(durations)
        expect(headers['x-captcha-answer']).toBeUndefined()
        expect(onStoreError.mock.calls).toEqual([[expect.objectContaining({ message: 'EIO: /secret/path' })]])
      })
    }
  }
})

describe('every answer', () => {
  const requests: readonly (readonly [expected: number, options: InjectOptions])[] = [
    [201, { method: 'POST', url: '/captcha' }],
    [200, { url: '/health' }],
    [404, { url: '/nowhere' }],
    [404, { method: 'DELETE', url: '/captcha/id-1' }],
    [404, { url: '/captcha/id-9/image' }],
    [404, verify('id-9', 'K7QX2M')],
    [400, { url: '/captcha/a.b/image' }],
    [400, { url: '/captcha/%E0%A4%A/image' }],
    [415, { ...verify('id-1', ''), payload: 'A', headers: { 'content-type': 'text/x-marker' } }],
  ]
  for (const [expected, options] of requests) {
    test(`says who gave it: ${expected} to ${options.method ?? 'GET'} ${options.url}`, async () => {
      const { statusCode, headers } = await appOver().app.inject(options)
      expect(statusCode).toBe(expected)
      expect(headers).toMatchObject({ 'x-worker': '3', 'x-instance': 'instance-1' })
    })
  }

  const marker = 'MARKER-7f3a'
  const echoes: readonly (readonly [what: string, options: InjectOptions])[] = [
    ['an id', { url: `/captcha/${marker}.x/image` }],
    ['an unknown id', { url: `/captcha/${marker}/image` }],
    ['an unknown path', { url: `/${marker}` }],
    ['a method', { method: 'DELETE', url: `/captcha/${marker}` }],
    ['a path that cannot be decoded', { url: `/captcha/${marker}%E0%A4%A/image` }],
    ['an answer that is too long', verify('id-1', marker.repeat(9))],
    ['an answer of the wrong type', verify('id-1', [{ [marker]: marker }])],
    [
      'broken JSON',
      { ...verify('id-1', ''), payload: marker, headers: { 'content-type': 'application/json' } },
    ],
    ['a media type', { ...verify('id-1', ''), payload: 'A', headers: { 'content-type': `text/${marker}` } }],
    ['a wrong answer', verify('id-1', marker)],
  ]
  for (const [what, options] of echoes) {
    test(`does not echo ${what}`, async () => {
      const { app } = appOver({ store: fakeStore({ take: () => 'K7QX2M' }) })
      const { statusCode, body, headers } = await app.inject(options)
      expect(statusCode).toBeGreaterThanOrEqual(400)
      expect(statusCode).toBeLessThan(500)
      expect(body + JSON.stringify(headers)).not.toContain(marker)
    })
  }
})

describe('bench mode', () => {
  test('reveals the answer of a fresh captcha and names the captcha each answer is about', async () => {
    const { app } = appOver({ revealAnswers: true })
    const issued = await app.inject({ method: 'POST', url: '/captcha' })
    const image = await app.inject('/captcha/id-1/image')
    const verdict = await app.inject(verify('id-1', 'WRONG'))
    const unknown = await app.inject(verify('id-1', 'WRONG'))
    expect(issued.headers['x-captcha-answer']).toMatch(/^[A-Z2-9]{6}$/)
    expect([issued, image, verdict, unknown].map(({ headers }) => headers['x-captcha-id'])).toEqual(
      Array(4).fill('id-1'),
    )
    expect(image.headers['x-captcha-answer']).toBeUndefined()
  })

  test('is off unless asked for', async () => {
    const { app } = appOver({ store: fakeStore({ read: () => 'K7QX2M', take: () => 'K7QX2M' }) })
    const answers = [
      await app.inject({ method: 'POST', url: '/captcha' }),
      await app.inject('/captcha/id-1/image'),
      await app.inject(verify('id-1', 'K7QX2M')),
    ]
    for (const { headers } of answers)
      expect(Object.keys(headers).filter((name) => name.startsWith('x-captcha'))).toEqual([])
  })
})

test('GET /health answers 200', async () => {
  expect((await appOver().app.inject('/health')).statusCode).toBe(200)
})
