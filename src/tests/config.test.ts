import { resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { ConfigError, readConfig } from '../config.js'

function refusal(env: Record<string, string>): string {
  try {
    readConfig(env)
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  throw new Error('expected a ConfigError, got a Config')
}

describe('readConfig', () => {
  test('has a default for every setting', () => {
    const { secret, ...rest } = readConfig({})
    expect(rest).toEqual({
      strategy: 'hybrid',
      workers: 4,
      topology: 'processes',
      host: '127.0.0.1',
      port: 3000,
      fleetHost: '127.0.0.1',
      dataDir: resolve('data'),
      ttlMs: 120_000,
      services: {},
      revealAnswers: false,
      render: 'svg',
    })
    expect(secret).toHaveLength(32)
  })

  test('draws another secret each time none is given', () => {
    expect(readConfig({}).secret).not.toEqual(readConfig({}).secret)
  })

  test('reads every setting', () => {
    const config = readConfig({
      STRATEGY: './mine.mjs',
      WORKERS: '256',
      TOPOLOGY: 'processes',
      HOST: '::1',
      PORT: '0',
      FLEET_HOST: 'fd00::1',
      DATA_DIR: '/somewhere',
      CAPTCHA_TTL_MS: '1',
      CAPTCHA_SECRET: 'Ab'.repeat(32),
      REDIS_URL: 'redis://:pw@localhost:6379',
      DATABASE_URL: 'postgres://me:pw@localhost/captchas',
      REVEAL_ANSWERS: '1',
      RENDER: 'none',
    })
    expect(config).toEqual({
      strategy: './mine.mjs',
      workers: 256,
      topology: 'processes',
      host: '::1',
      port: 0,
      fleetHost: 'fd00::1',
      dataDir: '/somewhere',
      ttlMs: 1,
      secret: Buffer.alloc(32, 0xab),
      services: {
        redisUrl: 'redis://:pw@localhost:6379',
        postgresUrl: 'postgres://me:pw@localhost/captchas',
      },
      revealAnswers: true,
      render: 'none',
    })
  })

  test('takes an empty variable for an unset one', () => {
    const names =
      'STRATEGY WORKERS TOPOLOGY HOST PORT FLEET_HOST DATA_DIR CAPTCHA_TTL_MS REDIS_URL DATABASE_URL RENDER'
    const empty = Object.fromEntries(names.split(' ').map((name) => [name, '']))
    const { secret: _one, ...fromEmpty } = readConfig({ ...empty, REVEAL_ANSWERS: '', CAPTCHA_SECRET: '' })
    const { secret: _other, ...fromNothing } = readConfig({})
    expect(fromEmpty).toEqual(fromNothing)
  })

  test('takes the host it listens on for the one by which the fleet reaches it, unless told', () => {
    expect(readConfig({ HOST: '10.0.0.5' }).fleetHost).toBe('10.0.0.5')
    expect(readConfig({ HOST: '0.0.0.0', FLEET_HOST: 'app-1.internal' }).fleetHost).toBe('app-1.internal')
  })

  test('is frozen, services too', () => {
    const config = readConfig({ REDIS_URL: 'rediss://cache' })
    expect(Object.isFrozen(config)).toBe(true)
    expect(Object.isFrozen(config.services)).toBe(true)
  })

  const refusals: readonly (readonly [name: string, got: string, expected: string])[] = [
    ['WORKERS', '0', 'a whole number from 1 to 256'],
    ['WORKERS', '257', 'a whole number from 1 to 256'],
    ['WORKERS', '2.5', 'a whole number from 1 to 256'],
    ['WORKERS', '0x4', 'a whole number from 1 to 256'],
    ['WORKERS', 'four\n', 'a whole number from 1 to 256'],
    ['PORT', '65536', 'a whole number from 0 to 65535'],
    ['PORT', '-1', 'a whole number from 0 to 65535'],
    ['PORT', ' 80', 'a whole number from 0 to 65535'],
    ['CAPTCHA_TTL_MS', '0', 'a whole number from 1 to 86400000'],
    ['CAPTCHA_TTL_MS', '1e3', 'a whole number from 1 to 86400000'],
    ['FLEET_HOST', 'http://10.0.0.5', "a host's name or address"],
    ['FLEET_HOST', '10.0.0.5 ', "a host's name or address"],
    ['TOPOLOGY', 'fibres', 'processes'],
    ['RENDER', 'SVG', 'svg or none'],
    ['REVEAL_ANSWERS', 'true', '0 or 1'],
  ]
  for (const [name, got, expected] of refusals) {
    test(`refuses ${name}=${JSON.stringify(got)} in one line that names it, what was expected and what came`, () => {
      const message = refusal({ [name]: got })
      expect(message).toMatch(new RegExp(`^${name}: expected `))
      expect(message).toContain(expected)
      expect(message).toContain(`got ${JSON.stringify(got)}`)
      expect(message).not.toContain('\n')
    })
  }

  test('refuses to reveal answers in production', () => {
    const message = refusal({ REVEAL_ANSWERS: '1', NODE_ENV: 'production' })
    expect(message).toMatch(/^REVEAL_ANSWERS: expected .* NODE_ENV=production, got 1/)
    expect(readConfig({ REVEAL_ANSWERS: '0', NODE_ENV: 'production' }).revealAnswers).toBe(false)
    expect(readConfig({ REVEAL_ANSWERS: '1', NODE_ENV: 'test' }).revealAnswers).toBe(true)
  })

  for (const bad of ['deadbeef', 'g'.repeat(64), 'a'.repeat(63), 'a'.repeat(65)]) {
    test(`refuses a secret of ${bad.length} characters (${bad.slice(0, 2)}…) without showing it`, () => {
      const message = refusal({ CAPTCHA_SECRET: bad })
      expect(message).toBe(`CAPTCHA_SECRET: expected 64 hexadecimal digits, got ${bad.length} characters`)
    })
  }

  const passwords: readonly (readonly [name: string, url: string])[] = [
    ['REDIS_URL', 'http://user:hunter2@cache:6379'],
    ['REDIS_URL', 'cache.internal/hunter2'],
    ['DATABASE_URL', 'mysql://user:hunter2@db/captchas'],
    ['DATABASE_URL', '//user:hunter2@db/captchas'],
  ]
  for (const [name, url] of passwords) {
    test(`refuses ${name}=${url.slice(0, 8)}… without showing a password`, () => {
      const message = refusal({ [name]: url })
      expect(message).toMatch(new RegExp(`^${name}: expected a URL that begins with .*, got one`))
      expect(message).not.toContain('hunter2')
    })
  }

  for (const text of ['hunter2', 'hunter2@cache']) {
    test(`shows nothing of a service URL that may be a bare password: ${text}`, () => {
      expect(refusal({ REDIS_URL: text })).not.toContain(text.slice(0, 6))
    })
  }
})
